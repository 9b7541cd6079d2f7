// Main's end of the engine with an I/O thread that a test plays. [test]
import { describe, expect, it } from 'vitest'
import { Closed, ThreadDied, toWire } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import type { ToIo, ToMain } from '../../src/control/commands.ts'
import { Engine, type PartitionOwner } from '../../src/engine/engine.ts'
import { allocateMemory, READERS_MAX } from '../../src/ring/layout.ts'
import { Memory } from '../../src/ring/memory.ts'
import { VirtualClock } from '../../src/wiring/virtual-clock.ts'
import { caught } from '../support/io-world.ts'
import { readerSettings } from '../support/reader-settings.ts'

function world() {
  const clock = new VirtualClock()
  const memory = new Memory(allocateMemory(1_048_576, 1))
  const posted: ToIo[] = []
  const holds: boolean[] = []
  let stops = 0
  let toMain: (message: ToMain) => void = () => {}
  let die: (error: Closed) => void = () => {}
  const silent = { ring: () => {}, start: () => {}, stop: () => {} }
  const engine = new Engine({
    memory,
    clock,
    io: {
      post: (message) => posted.push(message),
      onMessage: (handle) => {
        toMain = handle
      },
      close: () => {},
    },
    mainBell: silent,
    ioBell: silent,
    bellOf: () => silent,
    hold: (on) => holds.push(on),
    post: (run) => void setImmediate(run),
    onDeath: (report) => {
      die = report
    },
    busy: () => ({}),
    compressors: { count: 0, open: () => [], post: () => {} },
    random: seededRandom(1),
    workersMax: 0,
    startProcessor: () => {
      throw new Error('there are no workers here')
    },
    stop: async () => void stops++,
  })
  const calls = (op: string) => posted.flatMap((m) => (m.type === 'call' && m.call.op === op ? [m.id] : []))
  const answer = (id: number, result: unknown = undefined) => {
    toMain({ type: 'reply', id, result, error: undefined })
  }
  return {
    clock,
    memory,
    posted,
    holds,
    engine,
    calls,
    answer,
    toMain: (m: ToMain) => toMain(m),
    die: (e: Closed) => die(e),
    stops: () => stops,
  }
}

const owner = (failures: unknown[]): PartitionOwner => ({
  generation: 5,
  arrived: () => {},
  failed: (error, position) => void failures.push([error.code, position]),
})

describe('the engine', () => {
  it('keeps the process up exactly while something is awaited', async () => {
    const { engine, holds, answer } = world()
    expect(holds).toEqual([false])
    const one = engine.call({ op: 'topics', topics: [] }, { timeoutMs: 1_000 })
    const two = engine.holding(new Promise<void>((resolve) => setTimeout(resolve, 5)))
    expect(holds).toEqual([false, true])
    answer(1, [])
    await Promise.all([one, two])
    expect(holds).toEqual([false, true, false])
  })

  it('gives the numbers of a reader again once the I/O thread has closed it', async () => {
    const { engine, calls, answer, memory } = world()
    const first = engine.openReader(readerSettings)
    const slot = first.slot(owner([]))
    expect(memory.readersOpen).toBe(1)
    const closing = first.close()
    const beside = engine.openReader(readerSettings)
    expect(beside.id).not.toBe(first.id)
    expect(beside.slot(owner([]))).not.toBe(slot)
    answer(calls('closeReader')[0]!)
    await closing
    expect(memory.readersOpen).toBe(1)
    const next = engine.openReader(readerSettings)
    expect([next.id, next.slot(owner([]))]).toEqual([first.id, slot])
  })

  it('never gives them again when the I/O thread did not say so', async () => {
    const { clock, engine, memory } = world()
    const first = engine.openReader(readerSettings)
    first.slot(owner([]))
    const closing = first.close()
    await clock.run(60_000)
    await closing
    expect(memory.readersOpen).toBe(0)
    const next = engine.openReader(readerSettings)
    expect(next.id).not.toBe(first.id)
    expect(next.slot(owner([]))).toBe(1)
  })

  it('tells an owner of failures of its generation only', () => {
    const { engine, toMain } = world()
    const failures: unknown[] = []
    const slot = engine.openReader(readerSettings).slot(owner(failures))
    const error = toWire(new Closed('WHY', 'so'))
    toMain({ type: 'failed', slot, generation: 4, position: 1, error })
    toMain({ type: 'failed', slot, generation: 5, position: 7, error })
    toMain({ type: 'failed', slot: slot + 1, generation: 5, position: 8, error })
    expect(failures).toEqual([['WHY', 7]])
  })

  it('names brokers once it was told, by number before', () => {
    const { engine, toMain } = world()
    expect(engine.brokerName(3)).toBe('node 3')
    toMain({ type: 'broker', id: 3, address: 'host:1' })
    expect(engine.brokerName(3)).toBe('host:1')
  })

  it('refuses more readers than there are places, and takes one when one has gone', async () => {
    const { engine, calls, answer } = world()
    const readers = Array.from({ length: READERS_MAX }, () => engine.openReader(readerSettings))
    expect(() => engine.openReader(readerSettings)).toThrow('at most')
    const closing = readers[7]!.close()
    answer(calls('closeReader')[0]!)
    await closing
    expect(engine.openReader(readerSettings).id).toBe(readers[7]!.id)
  })

  it('ends with everything that waits when a thread dies', async () => {
    const { engine, die } = world()
    const failures: unknown[] = []
    const reader = engine.openReader(readerSettings)
    reader.slot(owner(failures))
    const call = caught(engine.call({ op: 'topics', topics: [] }, { timeoutMs: 1_000 }))
    die(new ThreadDied('THREAD_DIED', 'the thread died'))
    expect(await call).toMatchObject({ code: 'THREAD_DIED' })
    expect(failures).toEqual([['THREAD_DIED', Number.NEGATIVE_INFINITY]])
    expect(() => engine.openReader(readerSettings)).toThrow('the thread died')
    expect(await caught(engine.call({ op: 'topics', topics: [] }, { timeoutMs: 1 }))).toMatchObject({
      name: 'ThreadDied',
    })
    await reader.close()
  })

  it('closes: asks the I/O thread, rejects what waits, stops the threads once it answered', async () => {
    const { engine, calls, answer, stops } = world()
    const call = caught(engine.call({ op: 'topics', topics: [] }, { timeoutMs: 1_000 }))
    const closing = engine.close()
    await Promise.resolve()
    expect(stops()).toBe(0)
    answer(calls('close')[0]!)
    await closing
    expect(await call).toMatchObject({ name: 'Closed' })
    expect(stops()).toBe(1)
  })

  it('closes also when the I/O thread does not answer any more', async () => {
    const { clock, engine, stops } = world()
    const closing = engine.close()
    await clock.run(5_000)
    await closing
    expect(stops()).toBe(1)
  })
})
