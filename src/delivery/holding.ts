// What a lease holds of the engine's memory: given back also when the lease was forgotten. [main, workers]
import type { Memory } from '../ring/memory.ts'
import type { WorkerView } from '../ring/worker-view.ts'

/** Bytes somewhere in shared memory; size 0 when there are none. */
export interface HeldBlock {
  home: number
  start: number
  size: number
}

/** References to a batch's bytes and the room they take, until they are released. */
export class Holding {
  readonly reader: number
  readonly raw: HeldBlock
  readonly block: HeldBlock
  /** What it takes of the reader's and the partition's decode room. */
  decodedBytes: number
  released = false
  /** Its bytes are main's own: nothing of it lies in shared memory any more. */
  detached = false
  /** Who measures how long it is held; must not hold the lease. */
  whenReleased: (() => void) | undefined
  readonly #memory: Memory
  readonly #worker: WorkerView
  readonly #slot: number
  readonly #freed: (reader: number) => void

  constructor(
    place: { memory: Memory; worker: WorkerView; slot: number; reader: number },
    raw: HeldBlock,
    block: HeldBlock,
    freed: (reader: number) => void,
  ) {
    this.reader = place.reader
    this.raw = raw
    this.block = block
    this.decodedBytes = block.size
    this.#memory = place.memory
    this.#worker = place.worker
    this.#slot = place.slot
    this.#freed = freed
  }

  /** The bytes were copied to main's heap, `decodedBytes` of them and what the raw ones took: the memory is free. */
  detach(decodedBytes: number): void {
    const { fetch } = this.#memory
    this.detached = true
    // Before the memory is free: nobody may take the room for both.
    fetch.addDetached(this.reader, this.raw.size)
    this.#worker.decode.addDetached(this.reader, decodedBytes)
    this.#memory.addDecoded(this.#slot, decodedBytes - this.decodedBytes)
    this.decodedBytes = decodedBytes
    this.#releaseMemory()
  }

  /** Gives everything back, once. */
  release(): void {
    if (this.released) return
    this.released = true
    this.whenReleased?.()
    if (this.detached) {
      this.#memory.fetch.addDetached(this.reader, -this.raw.size)
      this.#worker.decode.addDetached(this.reader, -this.decodedBytes)
    } else this.#releaseMemory()
    if (this.raw.size > 0) this.#memory.addRaw(this.#slot, -this.raw.size)
    if (this.decodedBytes > 0) this.#memory.addDecoded(this.#slot, -this.decodedBytes)
    this.#freed(this.reader)
  }

  #releaseMemory(): void {
    for (const { home, start, size } of [this.raw, this.block]) {
      if (size > 0) this.#memory.home(home).release(start, size)
    }
    this.#freed(this.reader)
  }
}
