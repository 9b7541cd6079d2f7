// What goes through a stage is byte for byte what was written without one. [test]
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { RecordStage } from '../../src/client/producer-stage.ts'
import { recordBytesMax, writeRecord } from '../../src/record/record-writer.ts'
import { seed } from '../support/seed.ts'

const random = seededRandom(seed)
const below = (limit: number) => Math.floor(random.next() * limit)
const shared = (sizeBytes: number) => Buffer.from(new SharedArrayBuffer(sizeBytes))

describe('records written through a stage', () => {
  it('lie where they would without one, whatever their sizes and wherever they begin', () => {
    const direct = shared(4_000_000)
    const staged = shared(4_000_000)
    const stage = new RecordStage(staged)
    let at = 0
    for (let i = 0; at < 3_900_000; i++) {
      if (i % 50 === 0) {
        at += below(100)
        stage.moveTo(at)
      }
      const text = 'aé€𝄞'.repeat(below(30))
      const value = [Buffer.alloc(below(300), i), text, null, Buffer.alloc(below(40_000), i)][below(4)]!
      const headers = below(5) === 0 ? ([['name', text]] as const) : undefined
      const key = below(2) === 0 ? null : Buffer.from(text)
      const bytesMax = recordBytesMax(key, value, headers)
      expect(stage.at).toBe(at)
      at = writeRecord(direct, at, i, i, key, value, headers)
      stage.write(bytesMax, i, i, key, value, headers)
    }
    expect(stage.at).toBe(at)
    stage.flush()
    expect(staged.equals(direct)).toBe(true)
  })

  it('touch nothing before them, behind them, or in between when there is nothing to write', () => {
    const out = shared(64).fill(7)
    const stage = new RecordStage(out)
    stage.moveTo(13)
    stage.flush()
    stage.moveTo(21)
    stage.write(100, 0, 0, null, 'x', undefined)
    expect(out.every((byte) => byte === 7)).toBe(true)
    const end = stage.at
    stage.flush()
    stage.flush()
    expect(out.subarray(0, 21).every((byte) => byte === 7)).toBe(true)
    expect(out.subarray(end).every((byte) => byte === 7)).toBe(true)
    expect(out.subarray(21, end).includes('x'.charCodeAt(0))).toBe(true)
  })
})
