// The memory of a producer: nothing is given twice, nothing is lost. [test]
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { ProducerMemory, SEGMENT_BYTES } from '../../src/client/producer-memory.ts'
import type { Extent } from '../../src/control/producing.ts'
import { seed } from '../support/seed.ts'

describe('the memory of a producer', () => {
  it('gives as much as is wanted where it is free, at least what is needed, and nothing where there is not', () => {
    const memory = new ProducerMemory(10 * SEGMENT_BYTES)
    const first = memory.claim(1, 3 * SEGMENT_BYTES)!
    expect(first).toEqual({ start: 0, sizeBytes: 3 * SEGMENT_BYTES })
    const second = memory.claim(4 * SEGMENT_BYTES, 100 * SEGMENT_BYTES)!
    expect(second).toEqual({ start: first.sizeBytes, sizeBytes: 7 * SEGMENT_BYTES })
    expect(memory.claim(1, 1)).toBeUndefined()
    memory.free(first)
    expect(memory.claim(4 * SEGMENT_BYTES, 4 * SEGMENT_BYTES)).toBeUndefined()
    expect(memory.claim(1, SEGMENT_BYTES)).toEqual({ start: 0, sizeBytes: SEGMENT_BYTES })
    expect(memory.freeBytes).toBe(2 * SEGMENT_BYTES)
  })

  it('takes back what is not used at the end of an extent, and refuses what is not taken', () => {
    const memory = new ProducerMemory(4 * SEGMENT_BYTES)
    const extent = memory.claim(1, 4 * SEGMENT_BYTES)!
    const kept = memory.trim(extent, SEGMENT_BYTES + 1)
    expect(kept).toEqual({ start: 0, sizeBytes: 2 * SEGMENT_BYTES })
    expect(memory.freeBytes).toBe(2 * SEGMENT_BYTES)
    memory.free(kept)
    expect(() => memory.free(kept)).toThrow(/given back once/)
  })

  it(`never gives a byte to two, however it is claimed and freed (seed ${seed})`, () => {
    const random = seededRandom(seed)
    const memory = new ProducerMemory(64 * SEGMENT_BYTES)
    const owners = new Int32Array(64)
    const held: { extent: Extent; owner: number }[] = []
    for (let owner = 1; owner < 5000; owner++) {
      if (random.next() < 0.5 && held.length > 0) {
        const [gone] = held.splice(Math.floor(random.next() * held.length), 1)
        mark(gone!.extent, gone!.owner, 0)
        memory.free(gone!.extent)
        continue
      }
      const min = 1 + Math.floor(random.next() * 8 * SEGMENT_BYTES)
      const extent = memory.claim(min, min + Math.floor(random.next() * 8 * SEGMENT_BYTES))
      if (extent === undefined) continue
      expect(extent.sizeBytes).toBeGreaterThanOrEqual(min)
      mark(extent, 0, owner)
      const used = Math.max(1, Math.floor(random.next() * extent.sizeBytes))
      const kept = memory.trim(extent, used)
      mark({ start: kept.start + kept.sizeBytes, sizeBytes: extent.sizeBytes - kept.sizeBytes }, owner, 0)
      held.push({ extent: kept, owner })
    }
    const taken = held.reduce((sum, { extent }) => sum + extent.sizeBytes, 0)
    expect(memory.freeBytes).toBe(memory.sizeBytes - taken)

    function mark({ start, sizeBytes }: Extent, from: number, to: number): void {
      for (let at = start / SEGMENT_BYTES; at < (start + sizeBytes) / SEGMENT_BYTES; at++) {
        expect(owners[at]).toBe(from)
        owners[at] = to
      }
    }
  })
})
