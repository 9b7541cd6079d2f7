// Reads the headers of one record, when somebody asks for them. [pure: any thread]

import { ProtocolViolation } from '../base/errors.ts'

/** A header: its name and its bytes or null, in the order of the record; names may repeat. */
export type RecordHeader = [name: string, value: Uint8Array | null]

let cursor = 0

/**
 * The headers whose count lies at `bytes[at]` (the start of the records plus the index's `HEADERS_START`). Values are
 * views over `bytes`. The kernel checked their lengths, so anything impossible here means that the bytes were
 * replaced meanwhile.
 */
export function readHeaders(bytes: Uint8Array, at: number): RecordHeader[] {
  const count = readVarint(bytes, at)
  if (count < 0 || count * 2 > bytes.length - cursor) throw overwritten(at)
  const headers: RecordHeader[] = []
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let header = 0; header < count; header++) {
    const nameLength = readVarint(bytes, cursor)
    const nameAt = cursor
    if (nameLength < 0 || nameLength > bytes.length - nameAt) throw overwritten(at)
    const valueLength = readVarint(bytes, nameAt + nameLength)
    if (valueLength < -1 || valueLength > bytes.length - cursor) throw overwritten(at)
    const value = valueLength < 0 ? null : bytes.subarray(cursor, cursor + valueLength)
    headers.push([buffer.toString('utf8', nameAt, nameAt + nameLength), value])
    if (valueLength > 0) cursor += valueLength
  }
  return headers
}

function overwritten(at: number): ProtocolViolation {
  return new ProtocolViolation('RECORD_HEADERS', `The record headers at byte ${at} are not what was checked there.`)
}

function readVarint(bytes: Uint8Array, at: number): number {
  let value = 0
  let position = at
  for (let shift = 0; shift < 35; shift += 7) {
    const byte = bytes[position++]!
    value |= (byte & 0x7f) << shift
    if (!(byte & 0x80)) break
  }
  cursor = position
  return (value >>> 1) ^ -(value & 1)
}
