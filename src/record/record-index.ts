// Walks the records of a batch once and writes the columnar index: the hot loop of decoding. [pure: any thread]
//
// A record (KIP-98): length varint · attributes int8 · timestamp delta varlong · offset delta varint · key length
// varint, key · value length varint, value · header count varint, then per header: name length varint, name, value
// length varint, value. Every varint is zigzag-coded. Nothing is allocated; a reading that runs past a record is
// caught where the record must end.

import { RECORD_BYTES_MIN } from './batch.ts'
import {
  HEADERS_START,
  KEY_LENGTH,
  KEY_START,
  OFFSET_DELTA,
  TIMESTAMP_DELTA_HIGH,
  TIMESTAMP_DELTA_LOW,
  VALUE_LENGTH,
  VALUE_START,
  WORDS_PER_RECORD,
} from './columns.ts'
import { Fault } from './faults.ts'

/** Where a varint that does not end leaves the cursor: past every record, so that the next check fails. */
const NOWHERE = 0x3fff_ffff

// Two results of one call, without an object: where the number read last ended, and its upper half.
let cursor = 0
let high = 0

/**
 * Indexes `count` records in `bytes[start .. end)` into `index` from word `indexAt` on; returns 0 or a fault.
 * Starts in the index are relative to `start`.
 */
export function indexRecords(
  bytes: Uint8Array,
  start: number,
  end: number,
  count: number,
  lastOffsetDelta: number,
  index: Int32Array,
  indexAt: number,
): number {
  let position = start
  let word = indexAt
  let previousDelta = -1
  for (let record = 0; record < count; record++) {
    if (end - position < RECORD_BYTES_MIN) return Fault.RECORD_TRUNCATED
    const length = readVarint(bytes, position)
    const recordEnd = cursor + length
    if (length < RECORD_BYTES_MIN - 1) return blame(cursor, Fault.RECORD_LENGTH)
    if (recordEnd > end) return blame(cursor, Fault.RECORD_TRUNCATED)
    // One byte of attributes says nothing in version 2.
    index[word + TIMESTAMP_DELTA_LOW] = readVarlong(bytes, cursor + 1)
    index[word + TIMESTAMP_DELTA_HIGH] = high
    const offsetDelta = readVarint(bytes, cursor)
    if (offsetDelta <= previousDelta || offsetDelta > lastOffsetDelta) return blame(cursor, Fault.OFFSET_DELTA)
    previousDelta = offsetDelta
    index[word + OFFSET_DELTA] = offsetDelta

    const keyLength = readVarint(bytes, cursor)
    position = cursor
    if (keyLength < -1 || keyLength > recordEnd - position) return blame(position, Fault.KEY_LENGTH)
    index[word + KEY_START] = position - start
    index[word + KEY_LENGTH] = keyLength
    if (keyLength > 0) position += keyLength

    const valueLength = readVarint(bytes, position)
    position = cursor
    if (valueLength < -1 || valueLength > recordEnd - position) return blame(position, Fault.VALUE_LENGTH)
    index[word + VALUE_START] = position - start
    index[word + VALUE_LENGTH] = valueLength
    if (valueLength > 0) position += valueLength

    index[word + HEADERS_START] = position - start
    if (position < recordEnd && bytes[position] === 0) position++
    else if ((position = skipHeaders(bytes, position, recordEnd)) < 0) return -position
    if (position !== recordEnd) return Fault.RECORD_LENGTH
    word += WORDS_PER_RECORD
  }
  return position === end ? Fault.NONE : Fault.TRAILING_BYTES
}

/** Returns the position after the headers, or a fault, negated. */
function skipHeaders(bytes: Uint8Array, from: number, recordEnd: number): number {
  const count = readVarint(bytes, from)
  // A header has at least two bytes: nobody walks 2^29 headers that are not there.
  if (count < 0 || count * 2 > recordEnd - cursor) return -blame(cursor, Fault.HEADER_COUNT)
  for (let header = 0; header < count; header++) {
    const nameLength = readVarint(bytes, cursor)
    if (nameLength < 0 || nameLength > recordEnd - cursor) return -blame(cursor, Fault.HEADER_LENGTH)
    const valueLength = readVarint(bytes, cursor + nameLength)
    if (valueLength < -1 || valueLength > recordEnd - cursor) return -blame(cursor, Fault.HEADER_LENGTH)
    if (valueLength > 0) cursor += valueLength
  }
  return cursor
}

function blame(position: number, fault: number): number {
  return position >= NOWHERE ? Fault.VARINT : fault
}

function readVarint(bytes: Uint8Array, at: number): number {
  let byte = bytes[at]!
  let value = byte
  if (byte > 0x7f) {
    byte = bytes[at + 1]!
    value = (value & 0x7f) | (byte << 7)
    if (byte > 0x7f) return readLongVarint(bytes, at + 2, value & 0x3fff)
    cursor = at + 2
  } else cursor = at + 1
  return (value >>> 1) ^ -(value & 1)
}

/** The third to fifth byte of a varint whose first two gave `low`. Bits beyond 32 are dropped, as Java does. */
function readLongVarint(bytes: Uint8Array, at: number, low: number): number {
  let value = low
  for (let shift = 14; shift < 35; shift += 7) {
    const byte = bytes[at++]!
    value |= (byte & 0x7f) << shift
    if (!(byte & 0x80)) {
      cursor = at
      return (value >>> 1) ^ -(value & 1)
    }
  }
  cursor = NOWHERE
  return 0
}

/** Returns the lower 32 bits of a zigzag-coded 64-bit number and leaves the upper ones in `high`. */
function readVarlong(bytes: Uint8Array, at: number): number {
  let byte = bytes[at]!
  let value = byte & 0x7f
  let shift = 7
  // Three bytes hold 17 minutes of a batch's time span either way; almost no batch needs more.
  while (byte > 0x7f && shift < 28) {
    byte = bytes[++at]!
    value |= (byte & 0x7f) << shift
    shift += 7
  }
  if (byte > 0x7f) return readLongVarlong(bytes, at + 1, value)
  cursor = at + 1
  value = (value >>> 1) ^ -(value & 1)
  high = value >> 31
  return value
}

/** The fifth to tenth byte of a varlong whose first four gave `low28`. */
function readLongVarlong(bytes: Uint8Array, at: number, low28: number): number {
  let low = low28
  let upper = 0
  for (let shift = 28; shift < 70; shift += 7) {
    const byte = bytes[at++]!
    const bits = byte & 0x7f
    if (shift === 28) {
      low |= bits << 28
      upper = bits >>> 4
    } else if (shift < 64) upper |= bits << (shift - 32)
    if (!(byte & 0x80)) {
      cursor = at
      const sign = -(low & 1)
      high = (upper >>> 1) ^ sign
      return ((low >>> 1) | (upper << 31)) ^ sign
    }
  }
  cursor = NOWHERE
  return 0
}
