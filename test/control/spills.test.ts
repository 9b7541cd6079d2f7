// Spills are found by every thread that meets their number, and let go by those that never do. [test]
import { MessageChannel, receiveMessageOnPort } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import { LocalSpills, PortSpills } from '../../src/control/spills.ts'
import { load } from '../../src/ring/atomics.ts'
import { allocateMemory } from '../../src/ring/layout.ts'
import { Memory } from '../../src/ring/memory.ts'

const shared = allocateMemory(1_048_576, 2)
const channels: MessageChannel[] = []
const channel = () => {
  const made = new MessageChannel()
  channels.push(made)
  return made
}

/** An I/O thread (maker 0), a worker (maker 1) and main, each with a view of its own over the same memory. */
function threads() {
  const ioToMain = channel()
  const workerToMain = channel()
  const io = new Memory(shared)
  const worker = new Memory(shared)
  const main = new Memory(shared)
  const ioDesk = new PortSpills(io, 0, [ioToMain.port1], [])
  const workerDesk = new PortSpills(worker, 1, [workerToMain.port1], [])
  new PortSpills(main, 3, [], [ioToMain.port2, workerToMain.port2])
  const raw = io.layout.rawSpill
  const decode = io.layout.decodeSpill
  return { io, worker, main, ioDesk, workerDesk, raw, decode, ports: [ioToMain.port2, workerToMain.port2] }
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 20))

afterEach(() => {
  for (const { port1, port2 } of channels.splice(0)) {
    port1.close()
    port2.close()
  }
})

describe('spills between threads', () => {
  it('are found in whatever order they are met', () => {
    const { io, worker, main, ioDesk, workerDesk, raw, decode } = threads()
    const first = ioDesk.open(100, raw)!
    const second = workerDesk.open(200, decode)!
    io.home(first).bytes[5] = 7
    worker.home(second).bytes[6] = 8
    expect(main.home(second).bytes[6]).toBe(8)
    expect(main.home(first).bytes[5]).toBe(7)
    main.home(first).release(0, 100)
    main.home(second).release(0, 200)
  })

  it('are one at a time of each kind, also after one could not be allocated', () => {
    const { main, ioDesk, raw } = threads()
    expect(() => ioDesk.open(Number.MAX_SAFE_INTEGER, raw)).toThrow(RangeError)
    const id = ioDesk.open(100, raw)!
    expect(ioDesk.open(100, raw)).toBeUndefined()
    main.home(id).release(0, 100)
    const next = ioDesk.open(100, raw)!
    expect(next).not.toBe(id)
    main.home(next).release(0, 100)
  })

  it('stay as long as one reference is left', () => {
    const { io, main, ioDesk, raw } = threads()
    const id = ioDesk.open(100, raw)!
    main.home(id).retain(0, 50)
    io.home(id).release(0, 100)
    io.forgetSpills()
    main.forgetSpills()
    expect([io.spillCount, main.spillCount]).toEqual([1, 1])
    main.home(id).release(0, 50)
    expect(load(io.words, raw)).toBe(0)
    io.forgetSpills()
    main.forgetSpills()
    expect([io.spillCount, main.spillCount]).toEqual([0, 0])
  })

  it('do not pile up in a thread that never meets them', async () => {
    const { io, main, ioDesk, raw, ports } = threads()
    for (let i = 0; i < 50; i++) {
      const id = ioDesk.open(1_000, raw)!
      io.home(id).release(0, 1_000)
    }
    await turn()
    expect(ports.map((port) => receiveMessageOnPort(port))).toEqual([undefined, undefined])
    main.forgetSpills()
    expect(main.spillCount).toBe(0)
  })
})

describe('spills on one thread', () => {
  it('are known to it at once', () => {
    const memory = new Memory(allocateMemory(1_048_576, 1))
    const desk = new LocalSpills(memory)
    const id = desk.open(64, memory.layout.rawSpill)!
    expect(memory.home(id).bytes.length).toBe(64)
    memory.home(id).release(0, 64)
    memory.forgetSpills()
    expect(memory.spillCount).toBe(0)
    expect(() => memory.home(id)).toThrow('never announced')
  })
})
