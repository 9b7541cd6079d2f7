// A partition's log: what is appended comes back, byte for byte, from any offset and under any limit.
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { PartitionLog } from '../../src/broker/log.ts'
import { crc32c } from '../../src/bytes/crc32c.ts'
import { ATTRIBUTES_AT, BATCH_HEADER_BYTES, readBatchHeader } from '../../src/record/batch.ts'
import { encodeControlBatch } from '../../src/record/encode.ts'
import { batchOf } from './batches.ts'

const epoch0 = { leaderEpoch: 0 }
const header = (bytes: Uint8Array) => readBatchHeader(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0)
const joined = (pieces: Uint8Array[]) => Buffer.concat(pieces)

function filled(counts: number[], valueBytes = 10): PartitionLog {
  const log = new PartitionLog()
  for (const count of counts) log.append(batchOf(count, { valueBytes }), epoch0)
  return log
}

test('appending assigns offsets and epoch, and leaves the CRC right', () => {
  const log = filled([3, 1])
  const stored = log.append(batchOf(2), { leaderEpoch: 5 })
  expect(stored).toMatchObject({ baseOffset: 4, lastOffset: 5 })
  const { crc, leaderEpoch, baseOffset } = header(log.bytesOf(stored))
  expect({ leaderEpoch, baseOffset }).toEqual({ leaderEpoch: 5, baseOffset: 4 })
  expect(crc).toBe(crc32c(log.bytesOf(stored), ATTRIBUTES_AT))
  expect(log.endOffset).toBe(6)
})

test('an append time changes attributes, largest timestamp and CRC', () => {
  const log = new PartitionLog()
  const stored = log.append(batchOf(3), { leaderEpoch: 0, logAppendTime: 5_000_000 })
  const bytes = log.bytesOf(stored)
  expect(header(bytes)).toMatchObject({ logAppendTime: true, maxTimestamp: 5_000_000 })
  expect(header(bytes).crc).toBe(crc32c(bytes, ATTRIBUTES_AT))
})

test('a read gives exactly the bytes of the batches from the one that holds the offset', () => {
  const seed = 20261
  const random = seededRandom(seed)
  const log = new PartitionLog()
  const batches: Buffer[] = []
  for (let i = 0; i < 300; i++) {
    const batch = batchOf(1 + Math.floor(random.next() * 5), { valueBytes: Math.floor(random.next() * 3000) })
    // Half of them with shared records, as generated topics have them.
    const shared = random.next() < 0.5
    const options = shared ? { ...epoch0, body: batch.subarray(BATCH_HEADER_BYTES) } : epoch0
    const stored = log.append(shared ? batch.subarray(0, BATCH_HEADER_BYTES) : batch, options)
    batches.push(Buffer.from(log.bytesOf(stored)))
  }
  for (let i = 0; i < 2000; i++) {
    const offset = Math.floor(random.next() * (log.endOffset + 1))
    const upTo = Math.min(log.endOffset, offset + Math.floor(random.next() * 200))
    const maxBytes = Math.floor(random.next() * 50_000)
    const minOne = random.next() < 0.5
    const from = log.indexOf(offset)
    const visible = log.batches.slice(from).filter(({ baseOffset }) => baseOffset < upTo).length
    const all = Buffer.concat(batches.slice(from, from + visible))
    const first = visible === 0 ? 0 : batches[from]!.length
    const size = first > maxBytes ? (minOne ? first : 0) : Math.min(all.length, maxBytes)
    const slice = log.read(offset, upTo, maxBytes, minOne)
    expect(joined(slice.pieces).equals(all.subarray(0, size)), `seed ${seed}, read ${i}`).toBe(true)
    expect(slice.sizeBytes).toBe(size)
  }
})

test('neighbours in the log are served as one piece', () => {
  const log = filled(Array.from({ length: 50 }, () => 2))
  expect(log.read(0, log.endOffset, 1_000_000, false).pieces).toHaveLength(1)
})

test('a batch that does not fit comes whole when one must come, else nothing does', () => {
  const log = filled([100])
  expect(log.read(0, 100, 50, false).sizeBytes).toBe(0)
  expect(log.read(0, 100, 50, true).sizeBytes).toBe(log.sizeBytes)
})

test('deleting moves the start, drops whole batches and frees their bytes', () => {
  const log = filled([10, 10, 10])
  const size = log.sizeBytes
  log.deleteBefore(15)
  expect(log).toMatchObject({ startOffset: 15, endOffset: 30 })
  expect(log.batches.map(({ baseOffset }) => baseOffset)).toEqual([10, 20])
  expect(log.sizeBytes).toBeLessThan(size)
  log.deleteBefore(5)
  expect(log.startOffset).toBe(15)
  log.deleteBefore(99)
  expect(log).toMatchObject({ startOffset: 30, endOffset: 30, sizeBytes: 0 })
})

test('truncating drops the tail, its epochs and its transactions', () => {
  const log = filled([10])
  const producer = { producerId: 1n, producerEpoch: 0 }
  log.append(batchOf(5, { ...producer, baseSequence: 0, transactional: true }), { leaderEpoch: 1 })
  expect(log.lastStableOffset).toBe(10)
  log.truncate(12)
  expect(log).toMatchObject({ endOffset: 10, lastStableOffset: 10 })
  expect(log.epochs.latest).toBe(0)
})

test('an open transaction holds the last stable offset, its marker frees it', () => {
  const log = filled([4])
  const producer = { producerId: 9n, producerEpoch: 0 }
  log.append(batchOf(2, { ...producer, baseSequence: 0, transactional: true }), epoch0)
  log.append(batchOf(3), epoch0)
  expect(log).toMatchObject({ endOffset: 9, lastStableOffset: 4 })
  log.append(encodeControlBatch({ type: 'abort', timestamp: 1, ...producer }), epoch0)
  expect(log).toMatchObject({ endOffset: 10, lastStableOffset: 10 })
  expect(log.abortedBetween(0, 10)).toEqual([{ producerId: 9n, firstOffset: 4, lastOffset: 9 }])
  // Also those behind what is read, as far as the next entry of Kafka's sparse index.
  expect(log.abortedBetween(0, 4)).toHaveLength(1)
  log.append(batchOf(1, { valueBytes: 5000 }), epoch0)
  log.append(batchOf(1), epoch0)
  log.append(batchOf(2, { producerId: 8n, producerEpoch: 0, baseSequence: 0, transactional: true }), epoch0)
  log.append(encodeControlBatch({ type: 'abort', timestamp: 1, producerId: 8n, producerEpoch: 0 }), epoch0)
  expect(log.abortedBetween(0, 4)).toHaveLength(1)
  expect(log.abortedBetween(0, 11)).toHaveLength(2)
})

test('offsets may have holes, as compaction leaves them', () => {
  const log = filled([3])
  expect(log.append(batchOf(1), { leaderEpoch: 0, baseOffset: 100 }).baseOffset).toBe(100)
  expect(log.append(batchOf(1), { leaderEpoch: 0, baseOffset: 50 }).baseOffset).toBe(101)
  expect(header(joined(log.read(50, 102, 10_000, true).pieces)).baseOffset).toBe(100)
})
