// The header of a record batch, version 2 (KIP-98), read in place. [pure: any thread]
//
//   0             8              12             16      17    21           23                  27
//   | base offset | batch length | leader epoch | magic | crc | attributes | last offset delta | …
//
//   27               35              43            51               53              57      61
//   | base timestamp | max timestamp | producer id | producer epoch | base sequence | count | records …
//
// `batch length` counts what follows it; the CRC covers everything from `attributes` to the end.

export const BASE_OFFSET_AT = 0
export const BATCH_LENGTH_AT = 8
export const LEADER_EPOCH_AT = 12
export const MAGIC_AT = 16
export const CRC_AT = 17
export const ATTRIBUTES_AT = 21
export const LAST_OFFSET_DELTA_AT = 23
export const BASE_TIMESTAMP_AT = 27
export const MAX_TIMESTAMP_AT = 35
export const PRODUCER_ID_AT = 43
export const PRODUCER_EPOCH_AT = 51
export const BASE_SEQUENCE_AT = 53
export const COUNT_AT = 57

/** Bytes before the first record. */
export const BATCH_HEADER_BYTES = 61
/** Base offset and batch length: what a reader needs to find the next batch. */
export const BATCH_PREFIX_BYTES = 12
/** The smallest batch length: an empty batch. */
export const BATCH_LENGTH_MIN = BATCH_HEADER_BYTES - BATCH_PREFIX_BYTES
/** Length, attributes, two deltas, key length, value length, header count: one byte each. */
export const RECORD_BYTES_MIN = 7

export const MAGIC = 2
export const CODEC_MASK = 0x07
export const LOG_APPEND_TIME_BIT = 0x08
export const TRANSACTIONAL_BIT = 0x10
export const CONTROL_BIT = 0x20

/** A batch header as plain values; nothing in it is verified yet. */
export interface BatchHeader {
  baseOffset: number
  /** The whole batch with its header: batch length + 12. */
  sizeBytes: number
  leaderEpoch: number
  magic: number
  /** CRC-32C of everything after it, unsigned. */
  crc: number
  attributes: number
  /** 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd; 5 to 7 do not exist. */
  codec: number
  /** True: every record's timestamp is `maxTimestamp`, whatever its delta says. */
  logAppendTime: boolean
  control: boolean
  transactional: boolean
  lastOffsetDelta: number
  baseTimestamp: number
  maxTimestamp: number
  /** -1n: written without idempotence. */
  producerId: bigint
  producerEpoch: number
  baseSequence: number
  /** Records the batch claims to hold. */
  count: number
}

/** Reads the header at `at`; the caller has made sure that 61 bytes are there. */
export function readBatchHeader(view: DataView, at: number): BatchHeader {
  const attributes = view.getInt16(at + ATTRIBUTES_AT)
  return {
    baseOffset: readInt64(view, at + BASE_OFFSET_AT),
    sizeBytes: view.getInt32(at + BATCH_LENGTH_AT) + BATCH_PREFIX_BYTES,
    leaderEpoch: view.getInt32(at + LEADER_EPOCH_AT),
    magic: view.getInt8(at + MAGIC_AT),
    crc: view.getUint32(at + CRC_AT),
    attributes,
    codec: attributes & CODEC_MASK,
    logAppendTime: (attributes & LOG_APPEND_TIME_BIT) !== 0,
    control: (attributes & CONTROL_BIT) !== 0,
    transactional: (attributes & TRANSACTIONAL_BIT) !== 0,
    lastOffsetDelta: view.getInt32(at + LAST_OFFSET_DELTA_AT),
    baseTimestamp: readInt64(view, at + BASE_TIMESTAMP_AT),
    maxTimestamp: readInt64(view, at + MAX_TIMESTAMP_AT),
    producerId: view.getBigInt64(at + PRODUCER_ID_AT),
    producerEpoch: view.getInt16(at + PRODUCER_EPOCH_AT),
    baseSequence: view.getInt32(at + BASE_SEQUENCE_AT),
    count: view.getInt32(at + COUNT_AT),
  }
}

/** What a header is written from. */
export type BatchHeaderFields = Pick<
  BatchHeader,
  | 'sizeBytes'
  | 'attributes'
  | 'lastOffsetDelta'
  | 'baseTimestamp'
  | 'maxTimestamp'
  | 'producerId'
  | 'producerEpoch'
  | 'baseSequence'
  | 'count'
> & {
  /** Default 0, as producers send it: the broker assigns offsets. */
  baseOffset?: number | undefined
  /** Default -1. */
  leaderEpoch?: number | undefined
}

/** Writes all of a header but its CRC, at the start of the view. */
export function writeBatchHeader(view: DataView, header: BatchHeaderFields): void {
  writeInt64(view, BASE_OFFSET_AT, header.baseOffset ?? 0)
  view.setInt32(BATCH_LENGTH_AT, header.sizeBytes - BATCH_PREFIX_BYTES)
  view.setInt32(LEADER_EPOCH_AT, header.leaderEpoch ?? -1)
  view.setInt8(MAGIC_AT, MAGIC)
  view.setInt16(ATTRIBUTES_AT, header.attributes)
  view.setInt32(LAST_OFFSET_DELTA_AT, header.lastOffsetDelta)
  writeInt64(view, BASE_TIMESTAMP_AT, header.baseTimestamp)
  writeInt64(view, MAX_TIMESTAMP_AT, header.maxTimestamp)
  view.setBigInt64(PRODUCER_ID_AT, header.producerId)
  view.setInt16(PRODUCER_EPOCH_AT, header.producerEpoch)
  view.setInt32(BASE_SEQUENCE_AT, header.baseSequence)
  view.setInt32(COUNT_AT, header.count)
}

/** A signed 64-bit number as a double: exact up to 2^53, the nearest double beyond. */
export function readInt64(view: DataView, at: number): number {
  return view.getInt32(at) * 0x1_0000_0000 + view.getUint32(at + 4)
}

/** Writes a whole number as a signed 64-bit one. */
export function writeInt64(view: DataView, at: number, value: number): void {
  view.setInt32(at, Math.floor(value / 0x1_0000_0000))
  view.setUint32(at + 4, value >>> 0)
}

/** The offset after the last one of the batch, also where compaction removed records at its end. */
export function nextOffset(header: BatchHeader): number {
  return header.baseOffset + header.lastOffsetDelta + 1
}
