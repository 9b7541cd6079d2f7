// Writes records of version 2 one after another: the hot loop of encoding. [pure: any thread]

import { assert } from '../base/assert.ts'

/** A key or a value to write; text becomes UTF-8. */
export type RecordText = Uint8Array | string | null

/** Headers to write, in order; names may repeat. */
export type HeadersToWrite = readonly (readonly [name: string | Uint8Array, value: RecordText])[]

/** A record to encode. */
export interface RecordInput {
  /** Default null. */
  key?: RecordText | undefined
  /** Default null: a tombstone. */
  value?: RecordText | undefined
  headers?: HeadersToWrite | undefined
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
  let total = 0
  for (const { key = null, value = null, headers } of records) total += recordBytesMax(key, value, headers)
  return total
}

/** Bytes that suffice for a record. What text takes is known only when it is written: three bytes a character. */
export function recordBytesMax(key: RecordText, value: RecordText, headers: HeadersToWrite | undefined): number {
  let total = RECORD_OVERHEAD_BYTES_MAX + textBytesMax(key) + textBytesMax(value)
  if (headers === undefined) return total
  for (const [name, text] of headers) total += HEADER_OVERHEAD_BYTES_MAX + name.length * 3 + textBytesMax(text)
  return total
}

/** What the first record of a batch takes, exactly, given in bytes. */
export function recordBytes(
  key: Uint8Array | null,
  value: Uint8Array | null,
  headers: HeadersToWrite | undefined,
): number {
  const length = 3 + textBytes(key) + textBytes(value) + (headers === undefined ? 1 : headersBytes(headers))
  return varintBytes(length) + length
}

/** Writes the records into `out` from `at` on; `recordsBytesMax` bytes must be there. */
export function writeRecords(records: readonly RecordInput[], out: Uint8Array, at: number): WrittenRecords {
  const buffer = Buffer.from(out.buffer, out.byteOffset, out.byteLength)
  const baseTimestamp = records.length === 0 ? -1 : records[0]!.timestamp
  let maxTimestamp = -1
  let lastOffsetDelta = -1
  let position = at
  for (const record of records) {
    const { timestamp, key = null, value = null, headers } = record
    assert(Number.isSafeInteger(timestamp), 'a timestamp is a whole number of milliseconds')
    const offsetDelta = record.offsetDelta ?? lastOffsetDelta + 1
    assert(offsetDelta > lastOffsetDelta, 'offsets rise within a batch')
    if (timestamp > maxTimestamp) maxTimestamp = timestamp
    lastOffsetDelta = offsetDelta
    position = writeRecord(buffer, position, timestamp - baseTimestamp, offsetDelta, key, value, headers)
  }
  return { sizeBytes: position - at, baseTimestamp, maxTimestamp, lastOffsetDelta: Math.max(0, lastOffsetDelta) }
}

/**
 * Writes one record into `out` from `at` on and returns where it ends; `recordBytesMax` bytes must be there. All text
 * is taken for ASCII at first, one byte a character: to count its bytes beforehand costs more than to write them.
 */
export function writeRecord(
  out: Buffer,
  at: number,
  timestampDelta: number,
  offsetDelta: number,
  key: RecordText,
  value: RecordText,
  headers: HeadersToWrite | undefined,
): number {
  const hasHeaders = headers !== undefined && headers.length > 0
  const length =
    1 +
    varlongBytes(timestampDelta) +
    varintBytes(offsetDelta) +
    textBytes(key) +
    textBytes(value) +
    (hasHeaders ? headersBytes(headers) : 1)
  let position = writeVarint(out, at, length)
  const end = position + length
  out[position++] = 0
  position = writeVarlong(out, position, timestampDelta)
  position = writeVarint(out, position, offsetDelta)
  position = writeText(out, position, key)
  position = writeText(out, position, value)
  if (hasHeaders) position = writeHeaders(out, position, headers)
  else out[position++] = 0
  if (position === end) return end
  // Some of the text was longer in UTF-8 than it has characters.
  const [keyBytes, valueBytes] = [inUtf8(key), inUtf8(value)]
  const headersInUtf8 = headers?.map(([name, text]) => [inUtf8(name)!, inUtf8(text)] as const)
  return writeRecord(out, at, timestampDelta, offsetDelta, keyBytes, valueBytes, headersInUtf8)
}

/** Text as its bytes. */
export function inUtf8(text: RecordText): Uint8Array | null {
  return typeof text === 'string' ? Buffer.from(text, 'utf8') : text
}

function textBytesMax(text: RecordText): number {
  if (text === null) return 0
  return typeof text === 'string' ? 3 * text.length : text.length
}

function headersBytes(headers: HeadersToWrite): number {
  let total = varintBytes(headers.length)
  for (const [name, value] of headers) total += textBytes(name) + textBytes(value)
  return total
}

function writeHeaders(out: Buffer, at: number, headers: HeadersToWrite): number {
  let position = writeVarint(out, at, headers.length)
  for (const [name, value] of headers) position = writeText(out, writeText(out, position, name), value)
  return position
}

/** With its length; text as if it were ASCII. */
function textBytes(text: RecordText): number {
  return text === null ? 1 : varintBytes(text.length) + text.length
}

/** Below this many bytes a loop beats the call of `set`. */
const LOOP_BYTES_MAX = 32

function writeText(out: Buffer, at: number, text: RecordText): number {
  if (text === null) {
    out[at] = 1 // -1 in zigzag
    return at + 1
  }
  const { length } = text
  const position = writeVarint(out, at, length)
  if (typeof text === 'string') return position + out.write(text, position)
  if (length > LOOP_BYTES_MAX) out.set(text, position)
  else for (let index = 0; index < length; index++) out[position + index] = text[index]!
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
