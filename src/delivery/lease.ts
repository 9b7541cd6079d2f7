// One batch as its holder sees it: where its records lie in shared memory, until it is released. [main, workers]
import { LOG_APPEND_TIME_BIT } from '../record/batch.ts'
import { INDEX_BYTES_PER_RECORD, OFFSET_DELTA, timestampDelta, WORDS_PER_RECORD } from '../record/columns.ts'
import { Field, getLong } from '../ring/descriptor.ts'
import { COPY_BYTES, SEGMENT_BYTES } from '../ring/layout.ts'
import { FIRST_SPILL, type Memory } from '../ring/memory.ts'
import type { WorkerView } from '../ring/worker-view.ts'
import { type HeldBlock, Holding } from './holding.ts'

/** What a detached batch costs beside its bytes: the lease, two buffers. */
const DETACHED_OVERHEAD_BYTES = 512

/** A decoded batch and its references to shared memory. */
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
  /** What is to be given back. It does not hold the lease, which may be collected before. */
  readonly holding: Holding
  readonly #memory: Memory
  readonly #worker: WorkerView
  readonly #appendTime: number
  readonly #baseTimestamp: number

  /**
   * Takes a worker's descriptor at `at` over: from here on its references are this lease's. `freed` runs after a
   * release.
   */
  constructor(memory: Memory, worker: WorkerView, words: Int32Array, at: number, freed: (reader: number) => void) {
    this.#memory = memory
    this.#worker = worker
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
    const raw = heldBlock(words, at + Field.bytesHome)
    const block = heldBlock(words, at + Field.blockHome)
    this.holding = new Holding({ memory, worker, slot: this.slot, reader: this.reader }, raw, block, freed)
    this.bytes = memory.home(words[at + Field.recordsHome]!).bytes
    this.recordsStart = words[at + Field.recordsStart]!
    this.index = memory.home(block.home).words
    this.indexStart = block.start / 4
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

  /** Whether its bytes are given back: every read of them is an error then. */
  get released(): boolean {
    return this.holding.released
  }

  /** Bytes that this lease keeps from being used again. */
  get heldBytes(): number {
    return this.holding.raw.size + this.holding.block.size
  }

  /**
   * Copies a batch that is smaller than a segment to main's heap and gives the shared memory back: holding it must not
   * pin segments for itself. Its credit stays taken until release.
   */
  detachIfSmall(): void {
    const ownBytes = this.count * INDEX_BYTES_PER_RECORD + this.recordsBytes
    if (ownBytes >= SEGMENT_BYTES || this.heldBytes === 0) return
    const { raw, block } = this.holding
    const recordsBytes = raw.size > 0 ? 0 : this.recordsBytes
    const decodedBytes = this.count * INDEX_BYTES_PER_RECORD + recordsBytes + DETACHED_OVERHEAD_BYTES
    // A spill lies outside the arenas: what leaves it must find room in the reader's share, or it stays where it is.
    if (raw.home >= FIRST_SPILL && raw.size > this.#memory.freeBytes(this.#memory.fetch, this.reader)) return
    if (block.home >= FIRST_SPILL && decodedBytes > this.#memory.freeBytes(this.#worker.decode, this.reader)) return
    this.readFrom(this.copy())
    this.holding.detach(decodedBytes)
  }

  /** From here on its records are read where they were copied to, also after a release. */
  readFrom({ bytes, index }: { bytes: Buffer; index: Int32Array }): void {
    this.bytes = bytes
    this.recordsStart = 0
    this.index = index
    this.indexStart = 0
  }

  /** The records and their index as memory of their own, by one memcpy each. */
  copy(): { bytes: Buffer; index: Int32Array } {
    if (this.holding.detached) return { bytes: this.bytes as Buffer, index: this.index }
    const shared = this.bytes.subarray(this.recordsStart, this.recordsStart + this.recordsBytes)
    // Aligned as they are where they come from.
    const skew = shared.byteOffset % COPY_BYTES
    const bytes = Buffer.allocUnsafeSlow(skew + shared.length).subarray(skew)
    bytes.set(shared)
    const words = (this.count * INDEX_BYTES_PER_RECORD) / 4
    return { bytes, index: this.index.slice(this.indexStart, this.indexStart + words) as Int32Array }
  }

  /** Gives everything back, once. */
  release(): void {
    this.holding.release()
  }
}

const heldBlock = (words: Int32Array, at: number): HeldBlock => ({
  home: words[at]!,
  start: words[at + 1]!,
  size: words[at + 2]!,
})
