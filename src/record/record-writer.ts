// Writes records of version 2 one after another: the hot loop of encoding. [pure: any thread]

import { assert } from '../base/assert.ts'

/** A record to encode; strings became bytes above this layer, header names excepted. */
export interface RecordInput {
  /** Default null. */
  key?: Uint8Array | null | undefined
  /** Default null: a tombstone. */
  value?: Uint8Array | null | undefined
  headers?: readonly (readonly [name: string, value: Uint8Array | null])[] | undefined
  /** Milliseconds. */
  timestamp: number
  /** Default: one more than the record before. For batches with holes, as compaction leaves them. */
  offsetDelta?: number | undefined
}

/** What the header of the batch needs to know about its records. */
export interface WrittenRecords {
  sizeBytes: number
  /** Of the first record; -1 without one. */
  baseTimestamp: number
  /** -1 without a record. */
  maxTimestamp: number
  /** 0 without a record. */
  lastOffsetDelta: number
}

/** Five varints, a varlong and the attributes. */
const RECORD_OVERHEAD_BYTES_MAX = 5 * 5 + 10 + 1
/** Two varints. */
const HEADER_OVERHEAD_BYTES_MAX = 10

/** Bytes that suffice for these records, in one cheap pass. */
export function recordsBytesMax(records: readonly RecordInput[]): number {
  let total = records.length * RECORD_OVERHEAD_BYTES_MAX
  for (const record of records) {
    total += (record.key?.length ?? 0) + (record.value?.length ?? 0)
    if (record.headers === undefined) continue
    for (const [name, value] of record.headers) {
      total += HEADER_OVERHEAD_BYTES_MAX + name.length * 3 + (value?.length ?? 0)
    }
  }
  return total
}

/** Writes the records into `out` from `at` on; `recordsBytesMax` bytes must be there. */
export function writeRecords(records: readonly RecordInput[], out: Uint8Array, at: number): WrittenRecords {
  const baseTimestamp = records.length === 0 ? -1 : records[0]!.timestamp
  let maxTimestamp = -1
  let lastOffsetDelta = -1
  let position = at
  for (const record of records) {
    const { timestamp } = record
    assert(Number.isSafeInteger(timestamp), 'a timestamp is a whole number of milliseconds')
    const offsetDelta = record.offsetDelta ?? lastOffsetDelta + 1
    assert(offsetDelta > lastOffsetDelta, 'offsets rise within a batch')
    if (timestamp > maxTimestamp) maxTimestamp = timestamp
    lastOffsetDelta = offsetDelta
    position = writeRecord(record, timestamp - baseTimestamp, offsetDelta, out, position)
  }
  return { sizeBytes: position - at, baseTimestamp, maxTimestamp, lastOffsetDelta: Math.max(0, lastOffsetDelta) }
}

function writeRecord(
  record: RecordInput,
  timestampDelta: number,
  offsetDelta: number,
  out: Uint8Array,
  at: number,
): number {
  const key = record.key ?? null
  const value = record.value ?? null
  const { headers } = record
  const hasHeaders = headers !== undefined && headers.length > 0
  const length =
    1 +
    varlongBytes(timestampDelta) +
    varintBytes(offsetDelta) +
    blobBytes(key) +
    blobBytes(value) +
    (hasHeaders ? headersBytes(headers) : 1)
  let position = writeVarint(out, at, length)
  out[position++] = 0
  position = writeVarlong(out, position, timestampDelta)
  position = writeVarint(out, position, offsetDelta)
  position = writeBlob(out, position, key)
  position = writeBlob(out, position, value)
  if (hasHeaders) return writeHeaders(out, position, headers)
  out[position++] = 0
  return position
}

type Headers = NonNullable<RecordInput['headers']>

function headersBytes(headers: Headers): number {
  let total = varintBytes(headers.length)
  for (const [name, value] of headers) {
    const nameBytes = Buffer.byteLength(name)
    total += varintBytes(nameBytes) + nameBytes + blobBytes(value)
  }
  return total
}

function writeHeaders(out: Uint8Array, at: number, headers: Headers): number {
  const buffer = Buffer.from(out.buffer, out.byteOffset, out.byteLength)
  let position = writeVarint(out, at, headers.length)
  for (const [name, value] of headers) {
    position = writeVarint(out, position, Buffer.byteLength(name))
    position += buffer.write(name, position)
    position = writeBlob(out, position, value)
  }
  return position
}

function blobBytes(bytes: Uint8Array | null): number {
  return bytes === null ? 1 : varintBytes(bytes.length) + bytes.length
}

/** Below this many bytes a loop beats the call of `set`. */
const LOOP_BYTES_MAX = 32

function writeBlob(out: Uint8Array, at: number, bytes: Uint8Array | null): number {
  if (bytes === null) {
    out[at] = 1 // -1 in zigzag
    return at + 1
  }
  const { length } = bytes
  const position = writeVarint(out, at, length)
  if (length > LOOP_BYTES_MAX) out.set(bytes, position)
  else for (let index = 0; index < length; index++) out[position + index] = bytes[index]!
  return position + length
}

/** Numbers here are never negative, but the wire has them zigzag-coded all the same. */
function varintBytes(value: number): number {
  return ((38 - Math.clz32((value << 1) | 1)) / 7) | 0
}

function writeVarint(out: Uint8Array, at: number, value: number): number {
  let rest = (value << 1) >>> 0
  while (rest > 0x7f) {
    out[at++] = rest | 0x80
    rest >>>= 7
  }
  out[at++] = rest
  return at
}

/** Deltas within 2^30 ms (12 days) of the first record take the short way. */
function isShort(delta: number): boolean {
  return delta >= -0x4000_0000 && delta < 0x4000_0000
}

function varlongBytes(delta: number): number {
  if (isShort(delta)) return ((38 - Math.clz32(((delta << 1) ^ (delta >> 31)) | 1)) / 7) | 0
  let bytes = 1
  for (let rest = zigzag(delta); rest >= 128; rest = Math.floor(rest / 128)) bytes++
  return bytes
}

function writeVarlong(out: Uint8Array, at: number, delta: number): number {
  let position = at
  if (isShort(delta)) {
    let rest = ((delta << 1) ^ (delta >> 31)) >>> 0
    for (; rest > 0x7f; rest >>>= 7) out[position++] = rest | 0x80
    out[position++] = rest
    return position
  }
  let rest = zigzag(delta)
  for (; rest >= 128; rest = Math.floor(rest / 128)) out[position++] = (rest % 128) | 0x80
  out[position++] = rest
  return position
}

/** As a double: exact up to deltas of 2^52 ms, 142,000 years. */
function zigzag(delta: number): number {
  return delta >= 0 ? delta * 2 : delta * -2 - 1
}
