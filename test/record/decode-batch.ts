// Decodes one batch into objects, by the kernel. [test processes]

import {
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_AT,
  BATCH_PREFIX_BYTES,
  type BatchHeader,
  readBatchHeader,
} from '../../src/record/batch.ts'
import {
  HEADERS_START,
  KEY_LENGTH,
  KEY_START,
  OFFSET_DELTA,
  timestampDelta,
  VALUE_LENGTH,
  VALUE_START,
  WORDS_PER_RECORD,
} from '../../src/record/columns.ts'
import { Fault, faultError } from '../../src/record/faults.ts'
import { type RecordHeader, readHeaders } from '../../src/record/headers.ts'
import type { DecodeJob, Kernel } from '../../src/record/kernel.ts'
import { typescriptKernel } from '../../src/record/typescript-kernel.ts'

/** A record as an object. Its bytes are views over the batch, or over its decompressed copy. */
export interface DecodedRecord {
  offset: number
  timestamp: number
  key: Uint8Array | null
  value: Uint8Array | null
  headers: RecordHeader[]
}

/** A batch as objects. Control batches are decoded like any other. */
export interface DecodedBatch {
  header: BatchHeader
  records: DecodedRecord[]
}

/** What to check, and how much to allow. */
export interface DecodeOptions {
  /** Default true. */
  checkCrcs?: boolean
  /** Default 268435456 (256 MiB). */
  maxDecompressedBytes?: number
  /** Default: the one in TypeScript. */
  kernel?: Kernel
}

/** Decodes the batch at `bytes[at]`; throws CorruptRecord and its kin. A promise only for zstd before Node.js 22.15. */
export function decodeBatch(
  bytes: Uint8Array,
  at = 0,
  options: DecodeOptions = {},
): DecodedBatch | Promise<DecodedBatch> {
  const kernel = options.kernel ?? typescriptKernel
  const job = prepare(bytes, at, options, kernel)
  const fault = kernel.decode(job)
  return typeof fault === 'number' ? finish(job, fault) : fault.then((number) => finish(job, number))
}

function prepare(bytes: Uint8Array, at: number, options: DecodeOptions, kernel: Kernel): DecodeJob {
  if (bytes.length - at < BATCH_HEADER_BYTES) throw faultError(Fault.BATCH_TRUNCATED, {})
  const sizeBytes = viewOf(bytes).getInt32(at + BATCH_LENGTH_AT) + BATCH_PREFIX_BYTES
  const bound = kernel.measure(bytes, at, sizeBytes, options.maxDecompressedBytes ?? 256 * 1024 * 1024)
  if (bound < 0) throw faultError(-bound, { offset: readBatchHeader(viewOf(bytes), at).baseOffset })
  const indexWords = readBatchHeader(viewOf(bytes), at).count * WORDS_PER_RECORD
  return {
    raw: bytes,
    at,
    sizeBytes,
    checkCrcs: options.checkCrcs ?? true,
    deliver: true,
    out: new Uint8Array(bound),
    outAt: 0,
    outCapacity: bound,
    index: new Int32Array(indexWords),
    indexAt: 0,
    indexCapacity: indexWords,
    recordsBytes: 0,
    count: 0,
  }
}

function finish(job: DecodeJob, fault: number): DecodedBatch {
  const header = readBatchHeader(viewOf(job.raw), job.at)
  if (fault !== Fault.NONE) throw faultError(fault, { offset: header.baseOffset })
  const start = job.at + BATCH_HEADER_BYTES
  const bytes = header.codec === 0 ? job.raw.subarray(start, start + job.recordsBytes) : job.out
  const records: DecodedRecord[] = []
  for (let word = 0; word < job.count * WORDS_PER_RECORD; word += WORDS_PER_RECORD) {
    records.push(recordAt(header, bytes, job.index, word))
  }
  return { header, records }
}

function recordAt(header: BatchHeader, bytes: Uint8Array, index: Int32Array, word: number): DecodedRecord {
  return {
    offset: header.baseOffset + index[word + OFFSET_DELTA]!,
    timestamp: header.logAppendTime ? header.maxTimestamp : header.baseTimestamp + timestampDelta(index, word),
    key: blob(bytes, index[word + KEY_START]!, index[word + KEY_LENGTH]!),
    value: blob(bytes, index[word + VALUE_START]!, index[word + VALUE_LENGTH]!),
    headers: readHeaders(bytes, index[word + HEADERS_START]!),
  }
}

function blob(bytes: Uint8Array, start: number, length: number): Uint8Array | null {
  return length < 0 ? null : bytes.subarray(start, start + length)
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
