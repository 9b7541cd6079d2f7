// Questions to main: each is settled once, by its answer, by its limit, or by the end. [test process]
import { expect, test } from 'vitest'
import type { GroupEvent } from '../../../src/control/grouping.ts'
import { Questions } from '../../../src/io/group/questions.ts'
import { Wake } from '../../../src/io/group/wake.ts'
import { VirtualClock } from '../../../src/wiring/virtual-clock.ts'

test('an answer settles its question; a late one and one that nobody asked for find nobody', async () => {
  const clock = new VirtualClock()
  const posted: GroupEvent[] = []
  const questions = new Questions(clock, 100, (event) => posted.push(event))
  const first = questions.ask({ ask: 'revoke', partitions: [] })
  const second = questions.ask({ ask: 'assign', partitions: [] })
  expect(posted.map((event) => ('id' in event ? event.id : 0))).toEqual([1, 2])
  questions.answered(2, {})
  expect(await second).toEqual({})
  await clock.advance(100)
  expect(await first).toBeUndefined()
  questions.answered(1, {})
  questions.answered(9, {})
})

test('the end answers all', async () => {
  const questions = new Questions(new VirtualClock(), 100, () => {})
  const asked = [
    questions.ask({ ask: 'lost', partitions: [], reason: '' }),
    questions.ask({ ask: 'assign', partitions: [] }),
  ]
  questions.close()
  expect(await Promise.all(asked)).toEqual([undefined, undefined])
})

test('a ring before the wait is not missed; without one the wait ends in time', async () => {
  const clock = new VirtualClock()
  const wake = new Wake(clock)
  wake.ring()
  await wake.wait()
  let over = false
  const waiting = wake.wait(50).then(() => {
    over = true
  })
  await clock.advance(49)
  expect(over).toBe(false)
  await clock.advance(1)
  await waiting
})
