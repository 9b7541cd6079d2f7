// A client and a broker through an hour of faults in a few seconds, twice in the same way. [test process]
import { describe, expect, test } from 'vitest'
import { readThroughStorm } from './simulated-read.ts'

/** Another seed is as good: a failure names the one it had. */
const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_260_101)

describe('under cuts, outages, wrong answers and moving leaders every record comes once and in order', () => {
  test(`through a simulated hour, and the same seed gives the same trace twice (seed ${SEED})`, async () => {
    const hour = { stormMs: 3_600_000, appendEveryMs: 3_000, brokers: 3 }
    const first = await readThroughStorm({ ...hour, seed: SEED })
    expect(await readThroughStorm({ ...hour, seed: SEED })).toEqual(first)
    expect(first.records).toBeGreaterThan(1_000)
  })

  test('another seed goes another way', async () => {
    const minute = { stormMs: 60_000, appendEveryMs: 500, brokers: 3 }
    const one = await readThroughStorm({ ...minute, seed: SEED })
    const other = await readThroughStorm({ ...minute, seed: SEED + 1 })
    expect(one.hash).not.toBe(other.hash)
  })

  test.each(Array.from({ length: 20 }, (_, i) => SEED + 100 + i))('through two minutes of seed %i', async (seed) => {
    const { records } = await readThroughStorm({ seed, stormMs: 120_000, appendEveryMs: 500, brokers: 1 + (seed % 3) })
    expect(records).toBeGreaterThan(100)
  })
})
