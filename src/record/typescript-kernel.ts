// The batch kernel in TypeScript: header checks, CRC, decompression, index. [pure: any thread]

import { assert } from '../base/assert.ts'
import { crc32c } from '../bytes/crc32c.ts'
import {
  ATTRIBUTES_AT,
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_AT,
  BATCH_PREFIX_BYTES,
  CODEC_MASK,
  COUNT_AT,
  CRC_AT,
  LAST_OFFSET_DELTA_AT,
  MAGIC,
  MAGIC_AT,
  RECORD_BYTES_MIN,
} from './batch.ts'
import { WORDS_PER_RECORD } from './columns.ts'
import { type Codec, codecNames } from './compression/codec.ts'
import { codecs } from './compression/registry.ts'
import { Fault } from './faults.ts'
import type { DecodeJob, Kernel } from './kernel.ts'
import { indexRecords } from './record-index.ts'

/** A kernel over these codecs, indexed by id; one instance serves a thread, or all roles on one. */
export function typescriptKernelOf(codecs: readonly (Codec | undefined)[]): Kernel {
  return {
    name: 'typescript',
    measure(raw, at, sizeBytes, limitBytes) {
      const fault = checkHeader(raw, at, sizeBytes)
      if (fault !== Fault.NONE) return -fault
      const codec = codecs[codecAt(raw, at)]
      const start = at + BATCH_HEADER_BYTES
      const end = at + sizeBytes
      if (!codec || start === end) return 0
      const bound = codec.measure(raw, start, end, limitBytes)
      return bound >= 0 && readInt32(raw, at + COUNT_AT) > bound / RECORD_BYTES_MIN ? -Fault.COUNT_TOO_LARGE : bound
    },
    decode(job) {
      const { raw, at, sizeBytes } = job
      job.recordsBytes = 0
      job.count = 0
      const fault = checkHeader(raw, at, sizeBytes)
      if (fault !== Fault.NONE) return fault
      const start = at + BATCH_HEADER_BYTES
      const end = at + sizeBytes
      if (job.checkCrcs && readInt32(raw, at + CRC_AT) >>> 0 !== crc32c(raw, at + ATTRIBUTES_AT, end)) {
        return Fault.CRC_MISMATCH
      }
      if (!job.deliver) return Fault.NONE
      const codec = codecs[codecAt(raw, at)]
      if (!codec || start === end) return index(job, raw, start, end - start)
      const written = codec.decompress(raw, start, end, job.out, job.outAt, job.outCapacity)
      if (typeof written === 'number') return written < 0 ? -written : index(job, job.out, job.outAt, written)
      return written.then((size) => (size < 0 ? -size : index(job, job.out, job.outAt, size)))
    },
  }
}

/** The kernel that is always there. */
export const typescriptKernel: Kernel = typescriptKernelOf(codecs)

function checkHeader(raw: Uint8Array, at: number, sizeBytes: number): number {
  if (sizeBytes <= MAGIC_AT) return Fault.BATCH_TOO_SMALL
  if (at + sizeBytes > raw.length) return Fault.BATCH_TRUNCATED
  // An old message may be shorter, and its bytes mean other things, so the format comes first.
  if (raw[at + MAGIC_AT] !== MAGIC) return Fault.UNSUPPORTED_MAGIC
  if (sizeBytes < BATCH_HEADER_BYTES) return Fault.BATCH_TOO_SMALL
  const batchLength = readInt32(raw, at + BATCH_LENGTH_AT)
  if (batchLength + BATCH_PREFIX_BYTES < BATCH_HEADER_BYTES) return Fault.BATCH_TOO_SMALL
  if (batchLength + BATCH_PREFIX_BYTES !== sizeBytes) return Fault.BATCH_TRUNCATED
  const codec = codecAt(raw, at)
  if (codec >= codecNames.length) return Fault.UNKNOWN_CODEC
  const count = readInt32(raw, at + COUNT_AT)
  if (count < 0) return Fault.NEGATIVE_COUNT
  if (codec === 0 && count > (sizeBytes - BATCH_HEADER_BYTES) / RECORD_BYTES_MIN) return Fault.COUNT_TOO_LARGE
  // Compaction leaves holes, so the last offset may lie beyond the count, never before it.
  const lastOffsetDelta = readInt32(raw, at + LAST_OFFSET_DELTA_AT)
  if (lastOffsetDelta < 0 || lastOffsetDelta < count - 1) return Fault.LAST_OFFSET_DELTA
  const baseOffset = readInt32(raw, at) * 0x1_0000_0000 + (readInt32(raw, at + 4) >>> 0)
  return baseOffset < 0 || baseOffset + lastOffsetDelta >= Number.MAX_SAFE_INTEGER
    ? Fault.OFFSET_OUT_OF_RANGE
    : Fault.NONE
}

function index(job: DecodeJob, bytes: Uint8Array, start: number, recordsBytes: number): number {
  const count = readInt32(job.raw, job.at + COUNT_AT)
  if (count > recordsBytes / RECORD_BYTES_MIN) return Fault.COUNT_TOO_LARGE
  assert(count * WORDS_PER_RECORD <= job.indexCapacity, 'the index of a batch is reserved before it is decoded')
  const lastOffsetDelta = readInt32(job.raw, job.at + LAST_OFFSET_DELTA_AT)
  const end = start + recordsBytes
  // A number that runs past the records reads zeros there: what is wrong must not depend on what lies behind them.
  const within = end === bytes.length ? bytes : bytes.subarray(0, end)
  const fault = indexRecords(within, start, end, count, lastOffsetDelta, job.index, job.indexAt)
  if (fault !== Fault.NONE) return fault
  job.recordsBytes = recordsBytes
  job.count = count
  return Fault.NONE
}

/** The codec id in the header of the batch at `at`; 0 when there is no such byte. */
export function codecAt(raw: Uint8Array, at: number): number {
  return raw[at + ATTRIBUTES_AT + 1]! & CODEC_MASK
}

function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
