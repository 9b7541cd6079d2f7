// The timestamps that mean a place in the log to ListOffsets, and the versions that know them. [pure]

/** The end of the log: what comes next. */
export const LATEST = -1
/** The beginning of the log. */
export const EARLIEST = -2
/** The record with the largest timestamp (KIP-734). */
export const MAX_TIMESTAMP = -3
/** The start of what lies on the broker's own disk (KIP-405). */
export const EARLIEST_LOCAL = -4

/** ListOffsets versions that they need: KIP-734, KIP-405 (local, tiered), KIP-1023. */
export const TIMESTAMP_SINCE: ReadonlyMap<number, number> = new Map([
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL, 8],
  [-5, 9],
  [-6, 11],
])

/** What ListOffsets is asked for a place in the log: one end of it, or the first record at or after a time. */
export function timestampOf(place: 'earliest' | 'latest' | Date): number {
  // Before 1970 the numbers are names.
  if (place instanceof Date) return Math.max(0, place.getTime())
  return place === 'earliest' ? EARLIEST : LATEST
}
