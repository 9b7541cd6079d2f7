// A stall is warned of once, and costs the membership when maxPollIntervalMs is over. [test process]
import { expect, test } from 'vitest'
import type { MembershipHost } from '../../../src/io/group/membership.ts'
import { ProgressWatch } from '../../../src/io/group/progress-watch.ts'
import { Wake } from '../../../src/io/group/wake.ts'
import { ProgressWord } from '../../../src/ring/progress.ts'
import { VirtualClock } from '../../../src/wiring/virtual-clock.ts'

async function watched(maxPollIntervalMs: number) {
  const clock = new VirtualClock()
  // A word of 0 says that nothing is owed: time does not begin there.
  await clock.advance(1_000)
  const told: object[] = []
  const progress = new ProgressWord()
  const cluster = { host: { clock, onEvent: (event: object) => told.push(event) } }
  const settings = { groupId: 'g', groupInstanceId: undefined, maxPollIntervalMs }
  const watch = new ProgressWatch({ settings, cluster, progress } as unknown as MembershipHost)
  return { clock, told, progress, watch }
}

test('a warning comes at 80 %, once a stall, and again for the next one', async () => {
  const { clock, told, progress, watch } = await watched(1_000)
  for (const stall of [1, 2]) {
    progress.made(clock.now())
    expect(watch.dueMs).toBe(800)
    await clock.advance(799)
    expect(watch.stuck()).toBe(false)
    expect(told).toHaveLength(stall - 1)
    await clock.advance(watch.dueMs)
    expect([watch.stuck(), watch.stuck()]).toEqual([false, false])
    expect(told).toHaveLength(stall)
    expect(told.at(-1)).toMatchObject({ type: 'stalled', groupId: 'g', stalledMs: 800, maxPollIntervalMs: 1_000 })
    await clock.advance(watch.dueMs)
    expect(watch.stuck()).toBe(true)
    expect(told).toHaveLength(stall)
    progress.made(clock.now())
    expect(watch.stuck()).toBe(false)
  }
})

test('user code that waits for us is never stuck', async () => {
  const { clock, told, progress, watch } = await watched(1_000)
  progress.idle()
  await clock.advance(10_000)
  expect(watch.stuck()).toBe(false)
  expect(told).toEqual([])
})

test('the wait for a stuck handler ends when it goes on, and with the membership', async () => {
  for (const end of ['progress', 'ending'] as const) {
    const { clock, progress, watch } = await watched(1_000)
    const wake = new Wake(clock)
    const ending = new AbortController()
    progress.made(clock.now())
    await clock.advance(1_001)
    let over = false
    const waiting = watch.unstuck(wake, ending.signal).then(() => {
      over = true
    })
    await clock.advance(5_000)
    expect(over).toBe(false)
    if (end === 'progress') progress.made(clock.now())
    else {
      ending.abort()
      wake.ring()
    }
    await clock.advance(500)
    await waiting
    expect(over).toBe(true)
  }
})
