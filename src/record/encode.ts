// Builds record batches of version 2. [pure: any thread]

import { assert } from '../base/assert.ts'
import { crc32c } from '../bytes/crc32c.ts'
import {
  ATTRIBUTES_AT,
  BASE_OFFSET_AT,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_AT,
  BATCH_PREFIX_BYTES,
  CONTROL_BIT,
  CRC_AT,
  LEADER_EPOCH_AT,
  LOG_APPEND_TIME_BIT,
  MAX_TIMESTAMP_AT,
  TRANSACTIONAL_BIT,
  writeBatchHeader,
  writeInt64,
} from './batch.ts'
import type { CodecName } from './compression/codec.ts'
import { codecId, compress } from './compression/registry.ts'
import { type RecordInput, recordsBytesMax, writeRecords } from './record-writer.ts'

/** How a batch is made; everything may be left out. */
export interface EncodeOptions {
  /** Default 'none'. */
  codec?: CodecName | undefined
  /** Of the codec; its own default when not given. */
  level?: number | undefined
  /** Default 0, as producers send it: the broker assigns offsets. */
  baseOffset?: number | undefined
  /** Default -1. */
  leaderEpoch?: number | undefined
  /** Milliseconds: the batch is of LogAppendTime and every record has this timestamp. Default: CreateTime. */
  logAppendTime?: number | undefined
  /** Default -1n: not idempotent. */
  producerId?: bigint | undefined
  /** Default -1. */
  producerEpoch?: number | undefined
  /** Default -1. */
  baseSequence?: number | undefined
  transactional?: boolean | undefined
  control?: boolean | undefined
  /** Default: of the last record. Larger where compaction removed the records at the end. */
  lastOffsetDelta?: number | undefined
}

/**
 * Encodes one batch. A promise only for zstd where Node.js has none of its own; CodecUnavailable when a package is
 * missing.
 */
export function encodeBatch(
  records: readonly RecordInput[],
  options: EncodeOptions = {},
): Uint8Array | Promise<Uint8Array> {
  const { codec = 'none', level } = options
  const space = scratchOf(BATCH_HEADER_BYTES + recordsBytesMax(records))
  const written = writeRecords(records, space, BATCH_HEADER_BYTES)
  const plainEnd = BATCH_HEADER_BYTES + written.sizeBytes
  const { baseTimestamp, maxTimestamp, lastOffsetDelta } = written
  const header = { baseTimestamp, maxTimestamp, lastOffsetDelta, count: records.length }
  if (codec === 'none') return finish(space.slice(0, plainEnd), header, options)
  const compressed = compress(codec, space.subarray(BATCH_HEADER_BYTES, plainEnd), level)
  if (compressed instanceof Uint8Array) return finish(withHeaderSpace(compressed), header, options)
  if (space === scratch) scratch = new Uint8Array(0) // another thread reads it until the promise settles
  return compressed.then((bytes) => finish(withHeaderSpace(bytes), header, options))
}

/** What ends a transaction on a partition. */
export interface ControlBatchOptions {
  type: 'abort' | 'commit'
  producerId: bigint
  producerEpoch: number
  /** Milliseconds. */
  timestamp: number
  baseOffset?: number | undefined
  leaderEpoch?: number | undefined
  /** Default 0. */
  coordinatorEpoch?: number | undefined
}

/** Encodes the marker that a transaction coordinator writes (KIP-98). */
export function encodeControlBatch(options: ControlBatchOptions): Uint8Array {
  const key = Uint8Array.of(0, 0, 0, options.type === 'abort' ? 0 : 1)
  const value = new Uint8Array(6)
  new DataView(value.buffer).setInt32(2, options.coordinatorEpoch ?? 0)
  const { producerId, producerEpoch, baseOffset, leaderEpoch, timestamp } = options
  const fields = { producerId, producerEpoch, baseOffset, leaderEpoch, transactional: true, control: true }
  return encodeBatch([{ key, value, timestamp }], fields) as Uint8Array
}

/** What a broker writes into a batch it appends. */
export interface Stamp {
  baseOffset: number
  leaderEpoch: number
  /** Milliseconds: makes the batch one of LogAppendTime, which changes its CRC. */
  logAppendTime?: number | undefined
}

/** Stamps the batch at `at` in place; without `logAppendTime` its CRC stays valid, as these fields lie before it. */
export function stampBatch(bytes: Uint8Array, at: number, stamp: Stamp): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  writeInt64(view, at + BASE_OFFSET_AT, stamp.baseOffset)
  view.setInt32(at + LEADER_EPOCH_AT, stamp.leaderEpoch)
  if (stamp.logAppendTime === undefined) return
  view.setInt16(at + ATTRIBUTES_AT, view.getInt16(at + ATTRIBUTES_AT) | LOG_APPEND_TIME_BIT)
  writeInt64(view, at + MAX_TIMESTAMP_AT, stamp.logAppendTime)
  const end = at + BATCH_PREFIX_BYTES + view.getInt32(at + BATCH_LENGTH_AT)
  view.setUint32(at + CRC_AT, crc32c(bytes, at + ATTRIBUTES_AT, end))
}

interface Written {
  baseTimestamp: number
  maxTimestamp: number
  lastOffsetDelta: number
  count: number
}

/** Fills in the header of `batch`, whose records start at byte 61. */
function finish(batch: Uint8Array, written: Written, options: EncodeOptions): Uint8Array {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.byteLength)
  const lastOffsetDelta = options.lastOffsetDelta ?? written.lastOffsetDelta
  assert(lastOffsetDelta >= written.lastOffsetDelta, 'the last offset of a batch is not before its last record')
  writeBatchHeader(view, {
    sizeBytes: batch.length,
    attributes:
      codecId(options.codec ?? 'none') |
      (options.logAppendTime === undefined ? 0 : LOG_APPEND_TIME_BIT) |
      (options.transactional ? TRANSACTIONAL_BIT : 0) |
      (options.control ? CONTROL_BIT : 0),
    lastOffsetDelta,
    baseTimestamp: written.baseTimestamp,
    maxTimestamp: options.logAppendTime ?? written.maxTimestamp,
    producerId: options.producerId ?? -1n,
    producerEpoch: options.producerEpoch ?? -1,
    baseSequence: options.baseSequence ?? -1,
    count: written.count,
    baseOffset: options.baseOffset,
    leaderEpoch: options.leaderEpoch,
  })
  view.setUint32(CRC_AT, crc32c(batch, ATTRIBUTES_AT))
  return batch
}

function withHeaderSpace(records: Uint8Array): Uint8Array {
  const batch = new Uint8Array(BATCH_HEADER_BYTES + records.length)
  batch.set(records, BATCH_HEADER_BYTES)
  return batch
}

/** Kept between calls up to this size, so that a batch costs one allocation: its own. */
const SCRATCH_KEPT_BYTES = 4 * 1024 * 1024

let scratch = new Uint8Array(0)

function scratchOf(sizeBytes: number): Uint8Array {
  if (sizeBytes <= scratch.length) return scratch
  const space = new Uint8Array(sizeBytes)
  if (sizeBytes <= SCRATCH_KEPT_BYTES) scratch = space
  return space
}
