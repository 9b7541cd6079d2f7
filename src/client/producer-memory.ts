// The memory of a producer: shared bytes that only main gives out and takes back. [main thread]
//
//   | 16 KiB segment | segment | segment | …      an extent is a run of them; a batch is a chain of extents
//
// No counts and no atomics: a block is given back when the I/O thread says that nobody reads it any more.
import { assert } from '../base/assert.ts'
import type { Extent } from '../control/producing.ts'
import { RecordStage } from './producer-stage.ts'

/** Small enough that a thousand partitions with a batch each fit into the default buffer. */
export const SEGMENT_BYTES = 16_384

/** Stages kept for the next batches, at most. */
const STAGES_KEPT = 64

/** Extents of one SharedArrayBuffer, found first-fit, so that a producer with little to do touches little memory. */
export class ProducerMemory {
  readonly buffer: SharedArrayBuffer
  readonly bytes: Buffer
  readonly #taken: Uint8Array
  #freeSegments: number
  /** No segment before it is free. */
  #lowest = 0
  readonly #stages: RecordStage[] = []

  constructor(sizeBytes: number) {
    const segments = Math.max(1, Math.floor(sizeBytes / SEGMENT_BYTES))
    this.buffer = new SharedArrayBuffer(segments * SEGMENT_BYTES)
    this.bytes = Buffer.from(this.buffer)
    this.#taken = new Uint8Array(segments)
    this.#freeSegments = segments
  }

  /** All of it. */
  get sizeBytes(): number {
    return this.#taken.length * SEGMENT_BYTES
  }

  /** What nobody holds. */
  get freeBytes(): number {
    return this.#freeSegments * SEGMENT_BYTES
  }

  /** What records are written through, for one batch. */
  takeStage(): RecordStage {
    return this.#stages.pop() ?? new RecordStage(this.bytes)
  }

  /** Takes one back, flushed. */
  giveStage(stage: RecordStage): void {
    if (this.#stages.length < STAGES_KEPT) this.#stages.push(stage)
  }

  /** The first run of at least `minBytes`, of it as much as `wantBytes` asks for; undefined when there is none. */
  claim(minBytes: number, wantBytes: number): Extent | undefined {
    const taken = this.#taken
    const min = segmentsOf(minBytes)
    const want = Math.max(min, segmentsOf(wantBytes))
    if (this.#freeSegments < min) return undefined
    while (taken[this.#lowest] === 1) this.#lowest++
    for (let start = this.#lowest; start + min <= taken.length; start++) {
      let end = start
      while (end < start + want && taken[end] === 0) end++
      if (end - start >= min) {
        taken.fill(1, start, end)
        this.#freeSegments -= end - start
        return { start: start * SEGMENT_BYTES, sizeBytes: (end - start) * SEGMENT_BYTES }
      }
      // The segment at `end` is taken, or the end of the memory.
      start = end
    }
    return undefined
  }

  /** Takes an extent back. */
  free({ start, sizeBytes }: Extent): void {
    const first = start / SEGMENT_BYTES
    const end = first + sizeBytes / SEGMENT_BYTES
    for (let segment = first; segment < end; segment++) {
      assert(this.#taken[segment] === 1, 'a block of a producer is given back once')
      this.#taken[segment] = 0
    }
    this.#freeSegments += end - first
    this.#lowest = Math.min(this.#lowest, first)
  }

  /** Gives back the segments of an extent behind its first `usedBytes`, and returns what is left of it. */
  trim(extent: Extent, usedBytes: number): Extent {
    const sizeBytes = segmentsOf(usedBytes) * SEGMENT_BYTES
    if (sizeBytes === extent.sizeBytes) return extent
    this.free({ start: extent.start + sizeBytes, sizeBytes: extent.sizeBytes - sizeBytes })
    return { start: extent.start, sizeBytes }
  }
}

const segmentsOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / SEGMENT_BYTES))
