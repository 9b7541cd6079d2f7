// The bound of one call, in its errors as in what is left of it. [test process]
import { expect, test } from 'vitest'
import { Deadline } from '../../src/io/deadline.ts'
import { VirtualClock } from '../../src/wiring/virtual-clock.ts'

test('what is left is whole milliseconds, also in the error of what is given no more than that', async () => {
  const clock = new VirtualClock()
  const whole = new Deadline({ clock, timeoutMs: 1500, what: 'the call', signals: [] })
  await clock.advance(0.03)
  const part = new Deadline({ clock, timeoutMs: whole.leftMs, what: 'its last part', signals: [] })
  await clock.advance(1500)
  expect(whole.leftMs).toBe(0)
  expect(part.signal.reason).toMatchObject({ message: 'its last part did not succeed within 1500 ms.' })
})
