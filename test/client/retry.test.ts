// retry: attempts, waits, and what ends it. [test process]
import { describe, expect, it } from 'vitest'
import type { Clock } from '../../src/base/clock.ts'
import { Disconnected, Unauthorized } from '../../src/base/errors.ts'
import { seededRandom } from '../../src/base/random.ts'
import { retry } from '../../src/client/retry.ts'

/** A clock whose timers fire at once and whose waits are written down. */
function recordingClock() {
  const waits: number[] = []
  let cancelled = 0
  const clock: Clock = {
    now: () => 0,
    wall: () => 0,
    after(delayMs, callback) {
      waits.push(delayMs)
      let live = true
      queueMicrotask(() => live && callback())
      return {
        cancel: () => {
          live = false
          cancelled++
        },
      }
    },
  }
  return { clock, waits, cancelled: () => cancelled }
}

const failing = (error: unknown, times = Infinity) => {
  const attempts: number[] = []
  const fn = (attempt: number) => {
    attempts.push(attempt)
    if (attempts.length <= times) throw error
    return 'done'
  }
  return { fn, attempts }
}
const down = new Disconnected('DISCONNECTED', 'gone', { retriable: true })

describe('retry', () => {
  it('returns the first result and counts attempts from 0', async () => {
    const { clock, waits } = recordingClock()
    const { fn, attempts } = failing(down, 2)
    expect(await retry(fn, { clock, jitter: 0 })).toBe('done')
    expect(attempts).toEqual([0, 1, 2])
    expect(waits).toEqual([1000, 2000])
  })

  it('gives up after `retries` with the last error', async () => {
    const { clock, waits } = recordingClock()
    const { fn, attempts } = failing(down)
    await expect(retry(fn, { retries: 6, maxBackoffMs: 5000, jitter: 0, clock })).rejects.toBe(down)
    expect(attempts).toHaveLength(7)
    expect(waits).toEqual([1000, 2000, 4000, 5000, 5000, 5000])
  })

  it('does not repeat what cannot get better', async () => {
    const refused = failing(new Unauthorized('UNAUTHORIZED', 'no', { retriable: false }))
    await expect(retry(refused.fn, recordingClock())).rejects.toBeInstanceOf(Unauthorized)
    expect(refused.attempts).toHaveLength(1)
    const chosen = failing(new Error('plain'))
    await expect(retry(chosen.fn, { ...recordingClock(), retriable: () => false })).rejects.toThrow('plain')
    expect(chosen.attempts).toHaveLength(1)
  })

  it('repeats errors that say nothing about themselves', async () => {
    const { fn } = failing(new Error('plain'), 1)
    expect(await retry(fn, { clock: recordingClock().clock })).toBe('done')
  })

  it('spreads waits by the jitter, the same for the same seed', async () => {
    const runs = []
    for (let run = 0; run < 2; run++) {
      const { clock, waits } = recordingClock()
      await retry(failing(down, 5).fn, { retries: 5, factor: 1, clock, random: seededRandom(7) })
      runs.push(waits)
    }
    expect(runs[0]).toEqual(runs[1])
    expect(new Set(runs[0]).size).toBe(5)
    for (const wait of runs[0]!) {
      expect(wait).toBeGreaterThanOrEqual(900)
      expect(wait).toBeLessThanOrEqual(1100)
    }
  })

  it('ends with the reason of its signal, before and while it waits', async () => {
    const reason = new Error('enough')
    const { fn, attempts } = failing(down)
    await expect(retry(fn, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(attempts).toHaveLength(0)
    const controller = new AbortController()
    let cancelled = false
    const clock: Clock = {
      now: () => 0,
      wall: () => 0,
      after: () => {
        queueMicrotask(() => controller.abort(reason))
        return { cancel: () => (cancelled = true) }
      },
    }
    await expect(retry(fn, { signal: controller.signal, clock })).rejects.toBe(reason)
    expect(attempts).toHaveLength(1)
    expect(cancelled).toBe(true)
  })

  it('awaits promises', async () => {
    let calls = 0
    const fn = async () => (++calls < 2 ? Promise.reject(down) : calls)
    expect(await retry(fn, { clock: recordingClock().clock })).toBe(2)
  })

  it('refuses a number of retries that is none', async () => {
    await expect(retry(() => 1, { retries: -1 })).rejects.toThrow(/retries/)
    await expect(retry(() => 1, { retries: Number.NaN })).rejects.toThrow(/retries/)
  })
})
