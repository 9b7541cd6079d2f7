// Calls to the I/O thread settle once: by answer, limit, signal or the end of the thread. [test]
import { describe, expect, it } from 'vitest'
import { Closed, toWire } from '../../src/base/errors.ts'
import type { ToIo } from '../../src/control/commands.ts'
import { Calls } from '../../src/engine/calls.ts'
import { VirtualClock } from '../../src/wiring/virtual-clock.ts'
import { caught } from '../support/io-world.ts'

function world() {
  const clock = new VirtualClock()
  const posted: ToIo[] = []
  const calls = new Calls((message) => posted.push(message), clock)
  const ask = (signal?: AbortSignal) => calls.call({ op: 'topics', topics: ['t'] }, { timeoutMs: 1_000, signal })
  return { clock, posted, calls, ask }
}

const types = (posted: ToIo[]) => posted.map(({ type }) => type)

describe('a call', () => {
  it('resolves with its answer, whatever the order of the answers', async () => {
    const { posted, calls, ask } = world()
    const [one, two] = [ask(), ask()]
    const ids = posted.map((message) => (message.type === 'call' ? message.id : -1))
    calls.answered(ids[1]!, ['second'], undefined)
    calls.answered(ids[0]!, ['first'], undefined)
    expect(await Promise.all([one, two])).toEqual([['first'], ['second']])
  })

  it('rejects with the error that the I/O thread met, of its class', async () => {
    const { calls, ask } = world()
    const call = ask()
    calls.answered(1, undefined, toWire(new Closed('GONE', 'it is gone', { topic: 't' })))
    expect(await caught(call)).toMatchObject({ name: 'Closed', code: 'GONE', topic: 't' })
  })

  it('rejects and is cancelled when no answer comes, a little after the limit that the I/O thread keeps', async () => {
    const { clock, posted, calls, ask } = world()
    const failed = caught(ask())
    await clock.run(1_500)
    expect(types(posted)).toEqual(['call'])
    await clock.run(5_000)
    expect(await failed).toMatchObject({ name: 'Timeout', code: 'CALL_TIMED_OUT' })
    expect(types(posted)).toEqual(['call', 'cancel'])
    calls.answered(1, ['too late'], undefined)
  })

  it('rejects with the reason of its signal, then and before', async () => {
    const { posted, ask } = world()
    const abort = new AbortController()
    const failed = caught(ask(abort.signal))
    abort.abort(new Error('enough'))
    expect(await failed).toMatchObject({ message: 'enough' })
    expect(types(posted)).toEqual(['call', 'cancel'])
    expect(() => ask(abort.signal)).toThrow('enough')
    expect(posted).toHaveLength(2)
  })

  it('leaves nothing on its signal and no timer once it is settled', async () => {
    const { clock, posted, calls, ask } = world()
    const abort = new AbortController()
    const call = ask(abort.signal)
    calls.answered(1, [], undefined)
    await call
    abort.abort()
    await clock.run(10_000)
    expect(types(posted)).toEqual(['call'])
  })

  it('rejects with all others when the I/O thread is gone', async () => {
    const { calls, ask } = world()
    const failures = [caught(ask()), caught(ask())]
    calls.failAll(new Closed('CLOSED', 'over'))
    expect(await Promise.all(failures)).toMatchObject([{ code: 'CLOSED' }, { code: 'CLOSED' }])
    calls.answered(1, [], undefined)
  })
})
