// Where batches leave the I/O thread: one ring a worker, and a backlog for when a ring is full. [I/O thread]
import type { Words } from '../ring/atomics.ts'
import type { Bell } from '../ring/doorbell.ts'
import { DESCRIPTOR_WORDS } from '../ring/layout.ts'
import type { Memory } from '../ring/memory.ts'

/** Sends descriptors to the workers; a slot always goes to the same one, which keeps its partition in order. */
export class Outlet {
  readonly #memory: Memory
  readonly #bells: Bell[]
  /** What did not fit, by worker. Bounded: every entry holds bytes that were reserved before they were fetched. */
  readonly #backlog: Int32Array[][]
  readonly #touched: boolean[]

  constructor(memory: Memory, bells: Bell[]) {
    this.#memory = memory
    this.#bells = bells
    this.#backlog = bells.map(() => [])
    this.#touched = bells.map(() => false)
  }

  /** Sends one descriptor, filled in by `fill`; workers hear of it at the next `flush`. */
  send(slot: number, fill: (words: Int32Array, at: number) => void): void {
    const worker = slot % this.#memory.workers
    const ring = this.#memory.toWorker[worker]!
    this.#touched[worker] = true
    const at = this.#backlog[worker]!.length === 0 ? ring.claim() : -1
    if (at < 0) {
      const words = new Int32Array(DESCRIPTOR_WORDS)
      fill(words, 0)
      this.#backlog[worker]!.push(words)
      // Whoever makes room next rings us; `flush` looks once more after this, so a release in between is not missed.
      this.#memory.wantRoom(0)
      return
    }
    fill(this.#memory.words, at)
    ring.commit()
  }

  /** Moves what waited, as far as it fits, and rings the workers that have something new. */
  flush(): void {
    for (const [worker, waiting] of this.#backlog.entries()) {
      const moved = waiting.length === 0 ? 0 : this.#move(worker, waiting)
      if (moved > 0 || this.#touched[worker]) this.#bells[worker]!.ring()
      this.#touched[worker] = false
    }
  }

  #move(worker: number, waiting: Int32Array[]): number {
    const ring = this.#memory.toWorker[worker]!
    const words: Words = this.#memory.words
    let moved = 0
    while (moved < waiting.length) {
      let at = ring.claim()
      if (at < 0) {
        // Asked for before the last try: the worker may have emptied the ring in between, and never ring again.
        this.#memory.wantRoom(0)
        at = ring.claim()
        if (at < 0) break
      }
      words.set(waiting[moved]!, at)
      ring.commit()
      moved++
    }
    waiting.splice(0, moved)
    return moved
  }
}
