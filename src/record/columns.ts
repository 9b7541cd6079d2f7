// The columnar index of a batch: eight Int32 words a record, written by a kernel, read by views. [pure: any thread]
//
//   word      0        1        2        3        4        5        6        7
//        | offset | timestamp delta | key    | key    | value  | value  | header-count |
//        | delta  | low    | high   | start  | length | start  | length | start        |
//
// Starts are relative to the start of the (decompressed) records; a length of -1 is null.

/** Words a record. */
export const WORDS_PER_RECORD = 8
/** Bytes a record. */
export const INDEX_BYTES_PER_RECORD = WORDS_PER_RECORD * 4

export const OFFSET_DELTA = 0
export const TIMESTAMP_DELTA_LOW = 1
export const TIMESTAMP_DELTA_HIGH = 2
export const KEY_START = 3
export const KEY_LENGTH = 4
export const VALUE_START = 5
export const VALUE_LENGTH = 6
export const HEADERS_START = 7

/** The timestamp delta of the record whose words start at `at`, in milliseconds. */
export function timestampDelta(index: Int32Array, at: number): number {
  return index[at + TIMESTAMP_DELTA_HIGH]! * 0x1_0000_0000 + (index[at + TIMESTAMP_DELTA_LOW]! >>> 0)
}
