// Waits that end in time. [test]
import { expect, test } from 'vitest'
import { atMost } from '../../src/base/at-most.ts'
import { seededRandom } from '../../src/base/random.ts'
import { VirtualClock } from '../../src/wiring/virtual-clock.ts'

const world = () => new VirtualClock({ random: seededRandom(1) })

test('work that ends in time is waited for, and leaves no timer', async () => {
  const clock = world()
  expect(await atMost(clock, 100, Promise.resolve())).toBe(true)
  await expect(atMost(clock, 100, Promise.reject(new Error('its own')))).rejects.toThrow('its own')
  expect(clock.pendingCount).toBe(0)
})

test('work that takes longer goes on by itself, also when it fails in the end', async () => {
  const clock = world()
  let fail = (_: Error) => {}
  const waited = atMost(clock, 100, new Promise((_, reject) => (fail = reject)))
  await clock.advance(100)
  expect(await waited).toBe(false)
  fail(new Error('too late to be heard'))
  expect(clock.pendingCount).toBe(0)
})
