// Time that is told to pass.
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { VirtualClock } from '../../src/wiring/virtual-clock.ts'
import { seed } from '../support/seed.ts'

test('an hour of timers runs in order, without an hour passing', async () => {
  const clock = new VirtualClock()
  const seen: number[] = []
  for (const delayMs of [3_600_000, 5, 1_000, 0, 5]) clock.after(delayMs, () => seen.push(clock.now()))
  expect(await clock.run(3_600_000)).toBe(5)
  expect(seen).toEqual([0, 5, 5, 1_000, 3_600_000])
  expect(clock.now()).toBe(3_600_000)
})

test('every promise that an event settles is followed up before the next event', async () => {
  const clock = new VirtualClock()
  const seen: string[] = []
  clock.after(1, () => {
    void (async () => {
      for (let i = 0; i < 100; i++) await Promise.resolve()
      seen.push('promises')
    })()
  })
  clock.after(1, () => seen.push('next event'))
  await clock.advance(1)
  expect(seen).toEqual(['promises', 'next event'])
})

test('a cancelled timer does not run and is not counted', async () => {
  const clock = new VirtualClock()
  let ran = false
  const timer = clock.after(1, () => {
    ran = true
  })
  expect(clock.pendingCount).toBe(1)
  timer.cancel()
  timer.cancel()
  expect(clock.pendingCount).toBe(0)
  await clock.advance(10)
  expect(ran).toBe(false)
})

test('events of one instant run in the order of the seed: the same for one, another for another', async () => {
  const order = async (seed: number) => {
    const clock = new VirtualClock({ random: seededRandom(seed) })
    const seen: number[] = []
    for (let i = 0; i < 20; i++) clock.after(7, () => seen.push(i))
    await clock.advance(7)
    return seen.join()
  }
  expect(await order(1)).toBe(await order(1))
  expect(await order(1)).not.toBe(await order(2))
})

test('until runs to the settlement of a promise and no further', async () => {
  const clock = new VirtualClock()
  const later = new Promise<string>((resolve) => clock.after(50, () => resolve('done')))
  clock.after(60, () => {})
  expect(await clock.until(later)).toBe('done')
  expect(clock.now()).toBe(50)
  await expect(clock.until(new Promise(() => {}))).rejects.toThrow('nothing is due')
})

test('1,000 timers in random order come out sorted', async () => {
  const random = seededRandom(seed)
  const clock = new VirtualClock()
  const seen: number[] = []
  for (let i = 0; i < 1_000; i++) clock.after(Math.floor(random.next() * 500), () => seen.push(clock.now()))
  await clock.run(500)
  expect(seen.length, `seed ${seed}`).toBe(1_000)
  expect(seen, `seed ${seed}`).toEqual([...seen].sort((a, b) => a - b))
})
