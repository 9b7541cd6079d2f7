// What one batch is, in 32 words, as it travels I/O -> worker -> main. [shared bytes]

/** Word offsets inside a descriptor. Sixty-four-bit values take a low and a high word. */
export const Field = {
  /** The (reader, partition) it belongs to. */
  slot: 0,
  /** Changes with every seek: a descriptor of an older generation is released unseen. */
  generation: 1,
  reader: 2,
  /** A `Kind`. */
  kind: 3,
  /** A fault of record/faults.ts, found by a worker; 0 is none. */
  fault: 4,
  /** Where the batch's bytes lie: arena or spill, start, size; size 0 when there is nothing to release. */
  bytesHome: 5,
  bytesStart: 6,
  bytesSize: 7,
  /** The decoded block: it begins with the index; records that were compressed follow. */
  blockHome: 8,
  blockStart: 9,
  blockSize: 10,
  /** Where the records' bytes start, in `recordsHome`. */
  recordsHome: 11,
  recordsStart: 12,
  recordsSize: 13,
  /** Microseconds from its Fetch request to the first byte of the answer. */
  fetchUs: 14,
  count: 15,
  baseOffset: 16,
  /** The offset after the last one that the batch covers, as a delta to `baseOffset`. */
  nextDelta: 18,
  attributes: 19,
  baseTimestamp: 20,
  maxTimestamp: 22,
  leaderEpoch: 24,
  highWatermark: 25,
  broker: 27,
  /** When it arrived: microseconds of the shared clock, wrapping. */
  arrived: 28,
  /** Microseconds that a worker took to decode it. */
  decodeUs: 29,
  /** 1: verify the CRC. */
  checkCrcs: 30,
  /** In a worker with a processor: the batch's entry in its ledger. */
  entry: 31,
} as const

/** What a descriptor asks for. */
export const Kind = {
  /** Records to deliver. */
  data: 0,
  /** A control or aborted batch: checked, never delivered; the position passes it. */
  skip: 1,
  /** No bytes: only the position moves (to baseOffset + nextDelta). */
  position: 2,
  /** From a worker with a processor: the batch is there, and will be processed. Its bytes, if any, are main's. */
  taken: 3,
  /** From a worker with a processor: user code is done with offsets from baseOffset on. Its bytes are main's. */
  processed: 4,
} as const

/** Stores a whole number of up to 53 bits in two words. */
export function putLong(words: Int32Array, at: number, value: number): void {
  words[at] = value | 0
  words[at + 1] = Math.floor(value / 0x1_0000_0000) | 0
}

/** Reads what `putLong` stored. */
export function getLong(words: Int32Array, at: number): number {
  return words[at + 1]! * 0x1_0000_0000 + (words[at]! >>> 0)
}
