// What a batch kernel is: numbers and bytes in, numbers out, so that the one in Rust does the same. [pure: any thread]

/**
 * One batch to decode. A worker keeps one and fills it anew for each batch; while a promise is pending it stays as it
 * is.
 */
export interface DecodeJob {
  /** The bytes that hold the batch, usually a whole shared segment. */
  raw: Uint8Array
  /** Where the batch starts in `raw`. */
  at: number
  /** The whole batch with its header. */
  sizeBytes: number
  checkCrcs: boolean
  /** False: a control batch or an aborted one, of which only header and CRC are checked. */
  deliver: boolean
  /** Where decompressed records go: `out[outAt .. outAt + outCapacity)`. Untouched with codec none. */
  out: Uint8Array
  outAt: number
  outCapacity: number
  /** Where the index goes: `index[indexAt .. indexAt + indexCapacity)`, in words. */
  index: Int32Array
  indexAt: number
  /** At least eight words for each record that the header claims, or it is a programmer's error. */
  indexCapacity: number
  /** Result: length of the records, decompressed. */
  recordsBytes: number
  /** Result: records indexed; 0 when not delivered. */
  count: number
}

/** Checks, decompresses and indexes batches. */
export interface Kernel {
  readonly name: 'typescript' | 'native'
  /**
   * An upper bound of the decompressed length of the batch at `raw[at .. at + sizeBytes)`: 0 for codec none, exact or
   * near for the others, never below the truth for valid data, never above `limitBytes`. A negative number is a
   * fault, negated: of the header, or DECOMPRESSED_TOO_LARGE. Nothing is decompressed and nothing is verified. A
   * batch that passes claims no more records than max(bound, its own bytes) / 7, so that the index may be reserved as
   * well.
   */
  measure(raw: Uint8Array, at: number, sizeBytes: number, limitBytes: number): number
  /**
   * Verifies the CRC, decompresses and indexes; returns 0 or a fault. Returns a promise of it for zstd where Node.js
   * has none (before 22.15): the bytes of the batch must stay in place until it settles.
   */
  decode(job: DecodeJob): number | Promise<number>
  /**
   * Tells of an array over shared memory that jobs will name often, so that it is looked up once and not for every
   * batch. The kernel keeps it alive until `detach`; jobs may name arrays that were never attached.
   */
  attach?(memory: Uint8Array | Int32Array): void
  /** Undoes `attach`. */
  detach?(memory: Uint8Array | Int32Array): void
}
