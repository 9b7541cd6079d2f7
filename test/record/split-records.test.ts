// Records that are cut in two are the same records.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { BATCH_HEADER_BYTES, readBatchHeader, writeBatchHeader } from '../../src/record/batch.ts'
import { encodeBatch } from '../../src/record/encode.ts'
import { type RecordsPart, splitRecords } from '../../src/record/split-records.ts'
import { seed } from '../support/seed.ts'
import { arbitraryBatch } from './arbitrary-batch.ts'
import { type DecodedRecord, decodeBatch } from './decode-batch.ts'

const headerOf = (bytes: Uint8Array) => readBatchHeader(new DataView(bytes.buffer, bytes.byteOffset), 0)

/** As a broker reads them behind a header of their own. */
async function readPart({ bytes, count, maxTimestamp }: RecordsPart, baseTimestamp: number) {
  const batch = Buffer.concat([Buffer.alloc(BATCH_HEADER_BYTES), bytes])
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  const identity = { producerId: -1n, producerEpoch: -1, baseSequence: -1 }
  const times = { baseTimestamp, maxTimestamp }
  writeBatchHeader(view, {
    ...{ sizeBytes: batch.length, attributes: 0, lastOffsetDelta: count - 1, count },
    ...{ ...times, ...identity },
  })
  const { records } = await decodeBatch(batch, 0, { checkCrcs: false })
  return records
}

/** Without its offset, and with bytes as text. */
const plain = ({ timestamp, key, value, headers }: DecodedRecord) => {
  const text = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString('latin1'))
  return { timestamp, key: text(key), value: text(value), headers: headers.map(([name, bytes]) => [name, text(bytes)]) }
}

test('both parts together are what was cut, whatever the records', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryBatch, async ({ records: given }) => {
      fc.pre(given.length > 1)
      const records = given.map(({ key, value, headers, timestamp }) => ({ key, value, headers, timestamp }))
      const whole = (await encodeBatch(records)) as Uint8Array
      const { count, baseTimestamp, maxTimestamp } = headerOf(whole)
      const parts = splitRecords(whole.subarray(BATCH_HEADER_BYTES), count, baseTimestamp)
      const read = await Promise.all(parts.map((part) => readPart(part, baseTimestamp)))
      const { records: before } = await decodeBatch(whole, 0)
      expect(read.flat().map(plain)).toEqual(before.map(plain))
      for (const part of read) expect(part.map(({ offset }) => offset)).toEqual(part.map((_, i) => i))
      expect(Math.max(...parts.map((part) => part.maxTimestamp))).toBe(maxTimestamp)
      for (const [i, part] of read.entries()) {
        expect(parts[i]!.maxTimestamp).toBe(Math.max(...part.map(({ timestamp }) => timestamp)))
      }
    }),
    { seed },
  )
})

test('the cut is near the middle of the bytes, and leaves no part empty', async () => {
  const sizes = (values: readonly number[]) => {
    const whole = encodeBatch(values.map((bytes) => ({ value: 'x'.repeat(bytes), timestamp: 5 }))) as Uint8Array
    return splitRecords(whole.subarray(BATCH_HEADER_BYTES), values.length, 5).map(({ count }) => count)
  }
  expect(sizes([1000, 1])).toEqual([1, 1])
  expect(sizes([1, 1000])).toEqual([1, 1])
  expect(sizes([1000, 1, 1, 1])).toEqual([1, 3])
  expect(sizes([1, 1, 1, 1000])).toEqual([3, 1])
  expect(sizes(Array.from({ length: 100 }, () => 50))).toEqual([50, 50])
})
