// What statistics say, of batches whose times are known. [test]
import { describe, expect, it } from 'vitest'
import { ReadStats } from '../../src/client/read-stats.ts'
import type { Lease } from '../../src/delivery/lease.ts'

const UNKNOWN = { p50: undefined, p90: undefined, p99: undefined, max: undefined }

/** A clock that is set by hand; stamps are those that another thread would have made with it. */
function clockAt(startMs: number) {
  const clock = { ms: startMs, now: () => clock.ms, wall: () => 0, after: () => ({ cancel: () => {} }) }
  return clock
}

function batch(arrivedMs: number, times: { fetchUs: number; decodeUs: number }): Lease {
  const lease = { arrivedUs: (arrivedMs * 1000) | 0, recordsBytes: 1_000, ...times, holding: {} }
  return lease as unknown as Lease
}

describe('statistics of a reader', () => {
  it('know nothing at first, and say so by undefined', () => {
    const { latencyMs, ...rest } = new ReadStats().snapshot()
    const rates = { recordsPerSecond: undefined, bytesPerSecond: undefined }
    expect(rest).toEqual({ records: 0, bytes: 0, batches: 0, ...rates, engine: undefined })
    for (const latency of Object.values(latencyMs)) expect(latency).toEqual(UNKNOWN)
  })

  it('count always, and measure from the first snapshot on', () => {
    const clock = clockAt(1_000)
    const stats = new ReadStats()
    const unseen = batch(990, { fetchUs: 5, decodeUs: 5 })
    stats.took(unseen, 10, clock)
    expect(unseen.holding.whenReleased).toBeUndefined()
    clock.ms = 3_000
    const { records, bytes, recordsPerSecond, bytesPerSecond, latencyMs } = stats.snapshot()
    expect({ records, bytes, recordsPerSecond, bytesPerSecond }).toEqual({
      records: 10,
      bytes: 1_000,
      recordsPerSecond: 5,
      bytesPerSecond: 500,
    })
    expect(latencyMs.fetch).toEqual(UNKNOWN)
  })

  // 2^31 us and 2^32 us after the start of the clock: where the stamps wrap.
  it.each([0, 2_147_483.5, 4_294_967.25])('take a batch apart into its steps: clock at %d ms', (startMs) => {
    const clock = clockAt(startMs)
    const stats = new ReadStats()
    stats.snapshot()
    const lease = batch(startMs, { fetchUs: 64_000, decodeUs: 2_000 })
    clock.ms += 10
    stats.took(lease, 1, clock)
    clock.ms += 20
    lease.holding.whenReleased!()
    stats.committed(4)
    const { latencyMs } = stats.snapshot()
    const most = Object.fromEntries(Object.entries(latencyMs).map(([step, { max }]) => [step, Math.round(max!)]))
    expect(most).toEqual({ fetch: 64, decode: 2, queue: 8, process: 20, endToEnd: 30, commit: 4 })
  })

  it('measure what a worker processed by what the worker tells', () => {
    const clock = clockAt(500)
    const stats = new ReadStats()
    stats.snapshot()
    const times = { arrivedUs: 470_000, fetchUs: 1_000, decodeUs: 5_000, processUs: 15_000 }
    stats.processed({ records: 7, recordsBytes: 70, ...times }, clock)
    const { records, bytes, batches, latencyMs } = stats.snapshot()
    expect({ records, bytes, batches }).toEqual({ records: 7, bytes: 70, batches: 1 })
    const most = Object.entries(latencyMs).map(([step, { max }]) => [step, max === undefined ? max : Math.round(max)])
    const right = { fetch: 1, decode: 5, queue: 10, process: 15, endToEnd: 30, commit: undefined }
    expect(Object.fromEntries(most)).toEqual(right)
  })

  it('give percentiles to within one per cent', () => {
    const clock = clockAt(0)
    const stats = new ReadStats()
    stats.snapshot()
    for (let ms = 1; ms <= 1_000; ms++) stats.committed(ms)
    const { p50, p90, p99, max } = stats.snapshot().latencyMs.commit
    for (const [value, right] of [
      [p50, 500],
      [p90, 900],
      [p99, 990],
      [max, 1_000],
    ] as const) {
      expect(Math.abs(value! - right), `${value} for ${right}`).toBeLessThanOrEqual(right / 100)
    }
    expect(clock.ms).toBe(0)
  })
})
