// Calls one after the other: in order, each by itself, and left at once when patience ends. [test process]
import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { Turns } from '../../src/client/turns.ts'
import { VirtualClock } from '../../src/wiring/virtual-clock.ts'

/** A call that ends when it is told to. */
function held<T>(value: T) {
  let end!: () => void
  const done = new Promise<void>((resolve) => {
    end = resolve
  })
  let ran = false
  const run = async () => {
    ran = true
    await done
    return value
  }
  return { run, end, ran: () => ran }
}

function world() {
  const clock = new VirtualClock()
  return { clock, turns: new Turns(async () => clock) }
}

test('one runs at a time, in the order of the calls, also after one that failed', async () => {
  const { turns } = world()
  const seen: string[] = []
  const first = held('first')
  const calls = [
    turns.take(first.run),
    turns.take(async () => {
      seen.push('second')
      throw new Error('of the second')
    }),
    turns.take(async () => void seen.push('third')),
  ]
  const settled = Promise.allSettled(calls)
  await Promise.resolve()
  expect([first.ran(), seen, turns.free]).toEqual([true, [], false])
  first.end()
  expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect([seen, turns.free]).toEqual([['second', 'third'], true])
})

test('who comes when a call ends does not overtake who waits', async () => {
  const { turns } = world()
  const seen: number[] = []
  const first = held(0)
  const ended = turns.take(first.run).then(() => turns.take(async () => void seen.push(3)))
  const waiting = [1, 2].map((i) => turns.take(async () => void seen.push(i)))
  first.end()
  await Promise.all([ended, ...waiting])
  expect(seen).toEqual([1, 2, 3])
})

test('a signal ends the wait in line at once: the call is never run, the others are', async () => {
  const { turns } = world()
  const first = held('first')
  const running = turns.take(first.run)
  const abort = new AbortController()
  const left = held('left')
  const waiting = turns.take(left.run, { ending: abort.signal })
  const after = turns.take(async () => 'after')
  abort.abort()
  expect(await waiting).toBeUndefined()
  expect(await turns.take(left.run, { ending: abort.signal }), 'one that fired before').toBeUndefined()
  first.end()
  expect([await running, await after, left.ran()]).toEqual(['first', 'after', false])
})

test('a signal does not end what runs, and is not listened to any more', async () => {
  const { turns } = world()
  const abort = new AbortController()
  const [first, second] = [held('first'), held('second')]
  const running = turns.take(first.run, { ending: abort.signal })
  const waiting = turns.take(second.run, { ending: abort.signal })
  first.end()
  expect(await running).toBe('first')
  expect(second.ran()).toBe(true)
  expect(getEventListeners(abort.signal, 'abort')).toHaveLength(0)
  abort.abort()
  second.end()
  expect(await waiting).toBe('second')
})

test('the wait in line counts: who has its turn has what is left of its time', async () => {
  const { clock, turns } = world()
  const first = held('first')
  const running = turns.take(first.run)
  const leaves = turns.take(async () => 'never', { timeoutMs: 30 })
  const stays = turns.take(async (timeoutMs) => timeoutMs, { timeoutMs: 100 })
  const atOnce = turns.take(async (timeoutMs) => timeoutMs, { timeoutMs: 7 })
  first.end()
  await running
  expect(await Promise.all([leaves, stays, atOnce])).toEqual(['never', 100, 7])
  const second = held('second')
  void turns.take(second.run)
  const [late, early] = [30, 100].map((timeoutMs) => turns.take(async (left) => left, { timeoutMs }))
  await clock.advance(40)
  expect(await late).toBeUndefined()
  second.end()
  expect(await early).toBe(60)
})

test('without a clock the wait lasts until the turn comes', async () => {
  const turns = new Turns(() => Promise.reject(new Error('no engine')))
  const first = held('first')
  void turns.take(first.run)
  const waiting = turns.take(async (timeoutMs) => timeoutMs, { timeoutMs: 10 })
  first.end()
  expect(await waiting).toBe(10)
})
