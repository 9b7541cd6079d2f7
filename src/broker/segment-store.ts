// Where a partition keeps its batches: few large buffers, so that a run of batches is served as one piece. [broker]

/** The first segment of a partition is small, so that a thousand idle partitions cost little. */
const FIRST_SEGMENT_BYTES = 16 * 1024
/** Segments double up to this: large enough that a fetch seldom crosses one, small enough to be freed in steps. */
const LARGEST_SEGMENT_BYTES = 8 * 1024 * 1024

/** Room for one batch: `bytes` is the segment that it shares with its neighbours. */
export interface Room {
  bytes: Uint8Array
  at: number
}

/** Hands out room in segments. A segment lives as long as a batch refers to it. */
export class SegmentStore {
  #segment: Uint8Array | undefined
  #used = 0
  #nextBytes = FIRST_SEGMENT_BYTES

  /** Room for `size` bytes, next to what was claimed last where it fits. */
  claim(size: number): Room {
    if (this.#segment === undefined || this.#segment.length - this.#used < size) {
      this.#segment = new Uint8Array(Math.max(size, this.#nextBytes))
      this.#used = 0
      this.#nextBytes = Math.min(this.#nextBytes * 2, LARGEST_SEGMENT_BYTES)
    }
    const at = this.#used
    this.#used += size
    return { bytes: this.#segment, at }
  }
}
