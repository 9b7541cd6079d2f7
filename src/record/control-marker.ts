// Tells commit markers from abort markers. [pure: any thread]

import { BATCH_HEADER_BYTES, type BatchHeader } from './batch.ts'
import { KEY_LENGTH, KEY_START, WORDS_PER_RECORD } from './columns.ts'
import { Fault } from './faults.ts'
import { indexRecords } from './record-index.ts'

/** What a control batch says; 'other' is for types that this client does not know (a leader change, a snapshot). */
export type ControlMarker = 'abort' | 'commit' | 'other'

const first = new Int32Array(WORDS_PER_RECORD)

/** Reads the type from the key of the first record: version int16, type int16. Control batches are never compressed. */
export function controlMarker(header: BatchHeader, bytes: Uint8Array, at: number): ControlMarker {
  if (!header.control || header.codec !== 0 || header.count < 1) return 'other'
  const start = at + BATCH_HEADER_BYTES
  const fault = indexRecords(bytes, start, at + header.sizeBytes, 1, header.lastOffsetDelta, first, 0)
  if (fault !== Fault.NONE && fault !== Fault.TRAILING_BYTES) return 'other'
  if (first[KEY_LENGTH]! < 4) return 'other'
  const key = start + first[KEY_START]!
  const version = (bytes[key]! << 8) | bytes[key + 1]!
  const type = (bytes[key + 2]! << 8) | bytes[key + 3]!
  if (version > 0x7fff) return 'other' // negative
  return type === 0 ? 'abort' : type === 1 ? 'commit' : 'other'
}
