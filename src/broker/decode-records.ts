// The records of one stored batch, as plain objects: for `messages()` and for offsets by timestamp. [broker]
import { CorruptRecord } from '../base/errors.ts'
import { Reader } from '../bytes/reader.ts'
import { BATCH_HEADER_BYTES, readBatchHeader } from '../record/batch.ts'
import {
  HEADERS_START,
  KEY_LENGTH,
  KEY_START,
  OFFSET_DELTA,
  timestampDelta,
  VALUE_LENGTH,
  VALUE_START,
  WORDS_PER_RECORD,
} from '../record/columns.ts'
import type { DecodeJob } from '../record/kernel.ts'
import { typescriptKernel } from '../record/typescript-kernel.ts'

/** One record; key and value are views over the batch or over what was decompressed. */
export interface DecodedRecord {
  offset: number
  timestamp: number
  key: Buffer | null
  value: Buffer | null
  headers: [name: string, value: Buffer | null][]
}

/** A batch larger than this when decompressed is refused. */
const DECOMPRESSED_BYTES_MAX = 256 * 1024 * 1024

/** Decodes a whole batch. A promise only where its codec works asynchronously (zstd before Node 22.15). */
export function decodeRecords(batch: Uint8Array): DecodedRecord[] | Promise<DecodedRecord[]> {
  const bound = typescriptKernel.measure(batch, 0, batch.length, DECOMPRESSED_BYTES_MAX)
  if (bound < 0) refuse(-bound)
  const header = readBatchHeader(new DataView(batch.buffer, batch.byteOffset, batch.length), 0)
  const indexCapacity = Math.max(0, header.count) * WORDS_PER_RECORD
  const job: DecodeJob = {
    raw: batch,
    at: 0,
    sizeBytes: batch.length,
    checkCrcs: true,
    deliver: true,
    out: new Uint8Array(bound),
    outAt: 0,
    outCapacity: bound,
    index: new Int32Array(indexCapacity),
    indexAt: 0,
    indexCapacity,
    recordsBytes: 0,
    count: 0,
  }
  const finish = (fault: number) => {
    if (fault !== 0) refuse(fault)
    const records = header.codec === 0 ? batch.subarray(BATCH_HEADER_BYTES) : job.out.subarray(0, job.recordsBytes)
    return view(records, job, header)
  }
  const fault = typescriptKernel.decode(job)
  return typeof fault === 'number' ? finish(fault) : fault.then(finish)
}

function view(records: Uint8Array, job: DecodeJob, header: ReturnType<typeof readBatchHeader>): DecodedRecord[] {
  const { index } = job
  const buffer = Buffer.from(records.buffer, records.byteOffset, records.length)
  const cut = (start: number, length: number) => (length < 0 ? null : buffer.subarray(start, start + length))
  return Array.from({ length: job.count }, (_, i) => {
    const at = i * WORDS_PER_RECORD
    return {
      offset: header.baseOffset + index[at + OFFSET_DELTA]!,
      timestamp: header.logAppendTime ? header.maxTimestamp : header.baseTimestamp + timestampDelta(index, at),
      key: cut(index[at + KEY_START]!, index[at + KEY_LENGTH]!),
      value: cut(index[at + VALUE_START]!, index[at + VALUE_LENGTH]!),
      headers: headersAt(buffer, index[at + HEADERS_START]!),
    }
  })
}

function headersAt(records: Buffer, at: number): DecodedRecord['headers'] {
  const reader = new Reader(records, at)
  const take = (length: number) => {
    const start = reader.skip(length)
    return records.subarray(start, start + length)
  }
  return Array.from({ length: reader.varint() }, () => {
    const name = take(reader.varint()).toString('utf8')
    const length = reader.varint()
    return [name, length < 0 ? null : take(length)]
  })
}

function refuse(fault: number): never {
  throw new CorruptRecord('CORRUPT_RECORD', `A batch of the embedded broker cannot be decoded: fault ${fault}.`)
}
