// Backoff: growth, spread, limit (KIP-580). [test process]
import { expect, it } from 'vitest'
import { backoff } from '../../src/base/backoff.ts'
import { seededRandom } from '../../src/base/random.ts'

const middle = { next: () => 0.5 }

it('doubles up to its limit', () => {
  const waits = [0, 1, 2, 3, 4, 5].map((attempt) => backoff(attempt, { baseMs: 100, maxMs: 1000 }, middle))
  expect(waits).toEqual([100, 200, 400, 800, 1000, 1000])
})

it('spreads by 20 % either way and never passes the limit (KIP-580)', () => {
  const random = seededRandom(580)
  const waits = Array.from({ length: 1000 }, () => backoff(0, { baseMs: 100, maxMs: 110 }, random))
  expect(Math.min(...waits)).toBeLessThan(82)
  expect(Math.min(...waits)).toBeGreaterThanOrEqual(80)
  expect(Math.max(...waits)).toBe(110)
})

it('stays a number however many attempts there were', () => {
  expect(backoff(1e9, { baseMs: 100, maxMs: 1000 }, middle)).toBe(1000)
  expect(backoff(1e9, { baseMs: 0, maxMs: 1000 }, middle)).toBe(0)
})
