// Cuts the records of a batch in two, near the middle of their bytes. [pure: any thread]
import { assert } from '../base/assert.ts'
import { Reader } from '../bytes/reader.ts'
import { varintSize } from '../bytes/varint.ts'
import { Writer } from '../bytes/writer.ts'

/** Some of the records of a batch. Their timestamps count from where those of the whole batch do. */
export interface RecordsPart {
  bytes: Uint8Array
  count: number
  maxTimestamp: number
}

/**
 * `records` are those of a batch, uncompressed, `count` of them (more than one). In the second part offsets start at 0
 * again.
 */
export function splitRecords(records: Uint8Array, count: number, baseTimestamp: number): [RecordsPart, RecordsPart] {
  assert(count > 1, 'one record is not cut in two')
  const reader = new Reader(records)
  const writer = new Writer(records.length)
  let firstBytes = 0
  let firstCount = 0
  const maxTimestamps: [number, number] = [-1, -1]
  for (let index = 0; index < count; index++) {
    const length = reader.varint()
    const end = reader.at + length
    const attributesAt = reader.skip(1)
    const timestamp = baseTimestamp + reader.varlong()
    const offsetAt = reader.at
    const offsetDelta = reader.varint()
    const isFirst = index === 0 || (firstCount === index && end <= records.length / 2)
    const half = isFirst ? 0 : 1
    maxTimestamps[half] = Math.max(maxTimestamps[half], timestamp)
    if (isFirst) {
      firstCount++
      firstBytes = end
    } else {
      const newDelta = index - firstCount
      writer.varint(length - varintSize(offsetDelta) + varintSize(newDelta))
      writer.raw(records.subarray(attributesAt, offsetAt))
      writer.varint(newDelta)
      writer.raw(records.subarray(reader.at, end))
    }
    reader.at = end
  }
  return [
    { bytes: records.subarray(0, firstBytes), count: firstCount, maxTimestamp: maxTimestamps[0] },
    { bytes: writer.finish(), count: count - firstCount, maxTimestamp: maxTimestamps[1] },
  ]
}
