// One batch as its holder sees it: where its records lie in shared memory, until it is released. [main, workers]
import { LOG_APPEND_TIME_BIT } from '../record/batch.ts'
import { INDEX_BYTES_PER_RECORD, OFFSET_DELTA, timestampDelta, WORDS_PER_RECORD } from '../record/columns.ts'
import { Field, getLong } from '../ring/descriptor.ts'
import { SEGMENT_BYTES } from '../ring/layout.ts'
import { FIRST_SPILL, type Memory } from '../ring/memory.ts'
import type { WorkerView } from '../ring/worker-view.ts'

/** What a detached batch costs beside its bytes: the lease, two buffers. */
const DETACHED_OVERHEAD_BYTES = 512

/** A decoded batch and its references to shared memory. `released` makes every later read of its bytes an error. */
export class Lease {
  readonly slot: number
  readonly generation: number
  readonly reader: number
  readonly kind: number
  readonly fault: number
  readonly broker: number
  readonly baseOffset: number
  /** The offset after the last one that the batch covers. */
  readonly nextOffset: number
  readonly count: number
  readonly leaderEpoch: number
  readonly highWatermark: number
  readonly arrivedUs: number
  readonly fetchUs: number
  readonly decodeUs: number
  /** Size of the batch on the wire, in bytes. */
  readonly recordsBytes: number
  bytes: Uint8Array
  recordsStart: number
  index: Int32Array
  indexStart: number
  released = false
  /** Who measures how long it is held. */
  whenReleased: (() => void) | undefined
  /** Its bytes are main's own: nothing of it lies in shared memory any more. */
  detached = false
  readonly #memory: Memory
  readonly #worker: WorkerView
  readonly #appendTime: number
  readonly #baseTimestamp: number
  readonly #raw: [home: number, start: number, size: number]
  readonly #block: [home: number, start: number, size: number]
  /** What it takes of the reader's and the partition's room. */
  #decodedBytes: number
  readonly #freed: (reader: number) => void

  /**
   * Takes a worker's descriptor at `at` over: from here on its references are this lease's. `freed` runs after a
   * release.
   */
  constructor(memory: Memory, worker: WorkerView, words: Int32Array, at: number, freed: (reader: number) => void) {
    this.#memory = memory
    this.#worker = worker
    this.#freed = freed
    this.slot = words[at + Field.slot]!
    this.generation = words[at + Field.generation]!
    this.reader = words[at + Field.reader]!
    this.kind = words[at + Field.kind]!
    this.fault = words[at + Field.fault]!
    this.broker = words[at + Field.broker]!
    this.baseOffset = getLong(words, at + Field.baseOffset)
    // Up to 2^31, when the last offset delta is the largest there is.
    this.nextOffset = this.baseOffset + (words[at + Field.nextDelta]! >>> 0)
    this.count = words[at + Field.count]!
    this.leaderEpoch = words[at + Field.leaderEpoch]!
    this.highWatermark = getLong(words, at + Field.highWatermark)
    this.arrivedUs = words[at + Field.arrived]!
    this.fetchUs = words[at + Field.fetchUs]!
    this.decodeUs = words[at + Field.decodeUs]!
    this.recordsBytes = words[at + Field.recordsSize]!
    const appendTime = (words[at + Field.attributes]! & LOG_APPEND_TIME_BIT) !== 0
    this.#appendTime = appendTime ? getLong(words, at + Field.maxTimestamp) : -1
    this.#baseTimestamp = getLong(words, at + Field.baseTimestamp)
    this.#raw = [words[at + Field.bytesHome]!, words[at + Field.bytesStart]!, words[at + Field.bytesSize]!]
    this.#block = [words[at + Field.blockHome]!, words[at + Field.blockStart]!, words[at + Field.blockSize]!]
    this.#decodedBytes = this.#block[2]
    this.bytes = memory.home(words[at + Field.recordsHome]!).bytes
    this.recordsStart = words[at + Field.recordsStart]!
    this.index = memory.home(this.#block[0]).words
    this.indexStart = this.#block[1] / 4
  }

  /** The offset of record `i`. */
  offsetAt(i: number): number {
    return this.baseOffset + this.index[this.indexStart + i * WORDS_PER_RECORD + OFFSET_DELTA]!
  }

  /** The timestamp of record `i`, in ms: of its creation, or of its append where the topic says LogAppendTime. */
  timestampAt(i: number): number {
    if (this.#appendTime >= 0) return this.#appendTime
    return this.#baseTimestamp + timestampDelta(this.index, this.indexStart + i * WORDS_PER_RECORD)
  }

  /** Bytes that this lease keeps from being used again. */
  get heldBytes(): number {
    return this.#raw[2] + this.#block[2]
  }

  /**
   * Copies a batch that is smaller than a segment to main's heap and gives the shared memory back: holding it must not
   * pin segments for itself. Its credit stays taken until release.
   */
  detachIfSmall(): void {
    const ownBytes = this.count * INDEX_BYTES_PER_RECORD + this.recordsBytes
    if (ownBytes >= SEGMENT_BYTES || this.heldBytes === 0) return
    const rawBytes = this.#raw[2]
    const recordsBytes = rawBytes > 0 ? 0 : this.recordsBytes
    const decodedBytes = this.count * INDEX_BYTES_PER_RECORD + recordsBytes + DETACHED_OVERHEAD_BYTES
    // A spill lies outside the arenas: what leaves it must find room in the reader's share, or it stays where it is.
    if (this.#raw[0] >= FIRST_SPILL && rawBytes > this.#memory.freeBytes(this.#memory.fetch, this.reader)) return
    if (this.#block[0] >= FIRST_SPILL && decodedBytes > this.#memory.freeBytes(this.#worker.decode, this.reader)) return
    const { bytes, index } = this.copy()
    this.bytes = bytes
    this.recordsStart = 0
    this.index = index
    this.indexStart = 0
    this.detached = true
    // Before the memory is free: nobody may take the room for both.
    this.#memory.fetch.addDetached(this.reader, rawBytes)
    this.#worker.decode.addDetached(this.reader, decodedBytes)
    this.#memory.addDecoded(this.slot, decodedBytes - this.#decodedBytes)
    this.#decodedBytes = decodedBytes
    this.#releaseMemory()
  }

  /** The records and their index as memory of their own, by one memcpy each. */
  copy(): { bytes: Buffer; index: Int32Array } {
    if (this.detached) return { bytes: this.bytes as Buffer, index: this.index }
    const bytes = Buffer.allocUnsafeSlow(this.recordsBytes)
    bytes.set(this.bytes.subarray(this.recordsStart, this.recordsStart + this.recordsBytes))
    const words = (this.count * INDEX_BYTES_PER_RECORD) / 4
    return { bytes, index: this.index.slice(this.indexStart, this.indexStart + words) as Int32Array }
  }

  /** Gives everything back, once. */
  release(): void {
    if (this.released) return
    this.released = true
    this.whenReleased?.()
    if (this.detached) {
      this.#memory.fetch.addDetached(this.reader, -this.#raw[2])
      this.#worker.decode.addDetached(this.reader, -this.#decodedBytes)
    } else this.#releaseMemory()
    if (this.#raw[2] > 0) this.#memory.addRaw(this.slot, -this.#raw[2])
    if (this.#decodedBytes > 0) this.#memory.addDecoded(this.slot, -this.#decodedBytes)
    this.#freed(this.reader)
  }

  #releaseMemory(): void {
    for (const [home, start, size] of [this.#raw, this.#block]) {
      if (size > 0) this.#memory.home(home).release(start, size)
    }
    this.#freed(this.reader)
  }
}
