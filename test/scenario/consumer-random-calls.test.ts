// Everything at once on one consumer: reads that are given up, seeks, pauses, new assignments, the end. Whatever the
// order, no record is lost or given twice, nothing of what is paused is given, and nothing hangs. [test process]
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { modes, Reading } from '../support/reading.ts'
import { seed } from '../support/seed.ts'
import { RandomCalls } from './random-calls.ts'

describe.each(modes)('with threads: %s', (mode) => {
  it.each([0, 1, 2])('calls at random give each record once, but for seeks (seed + %i)', async (more) => {
    await using reading = await Reading.start(mode)
    const calls = new RandomCalls(reading, seededRandom(seed + more))
    await calls.play()
    expect(calls.book.wrong).toEqual([])
    expect(calls.book.delivered).toBeGreaterThan(20)
  })
})
