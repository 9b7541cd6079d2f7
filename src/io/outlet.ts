// Where batches leave the I/O thread: one ring a worker, and a backlog for when a ring is full. [I/O thread]
import { Field } from '../ring/descriptor.ts'
import type { Bell } from '../ring/doorbell.ts'
import { DESCRIPTOR_WORDS } from '../ring/layout.ts'
import type { Memory } from '../ring/memory.ts'
import type { WorkerView } from '../ring/worker-view.ts'

/** The way to one worker. */
interface Lane {
  worker: WorkerView
  bell: Bell
  /** What did not fit. Bounded: every entry holds bytes that were reserved before they were fetched. */
  backlog: Int32Array[]
  /** It has something new since it was rung. */
  touched: boolean
}

/** Sends descriptors to the workers; a slot always goes to the same one, which keeps its partition in order. */
export class Outlet {
  readonly #memory: Memory
  readonly #bellOf: (worker: WorkerView) => Bell
  readonly #lanes = new Map<number, Lane>()
  /** Where readers without workers of their own send. */
  readonly #shared: number[]
  /** The workers of readers that have some. */
  readonly #own = new Map<number, number[]>()

  constructor(memory: Memory, bellOf: (worker: WorkerView) => Bell) {
    this.#memory = memory
    this.#bellOf = bellOf
    this.#shared = memory.workers.map(({ id }) => id)
    for (const { id } of memory.workers) this.addWorker(id)
  }

  /** A worker that the memory knows may be sent to. */
  addWorker(id: number): void {
    const worker = this.#memory.worker(id)!
    this.#lanes.set(id, { worker, bell: this.#bellOf(worker), backlog: [], touched: false })
  }

  /** A worker is dead: what did not reach its ring goes where its reader is read on. */
  removeWorker(id: number): void {
    const lane = this.#lanes.get(id)
    this.#lanes.delete(id)
    for (const words of lane?.backlog ?? []) {
      this.send(words[Field.reader]!, words[Field.slot]!, (to, at) => to.set(words, at))
    }
    this.flush()
  }

  /** The batches of a reader go to these workers; undefined: to those that all readers share. */
  route(reader: number, workers: number[] | undefined): void {
    if (workers === undefined) this.#own.delete(reader)
    else this.#own.set(reader, workers)
  }

  /** Sends one descriptor, filled in by `fill`; workers hear of it at the next `flush`. */
  send(reader: number, slot: number, fill: (words: Int32Array, at: number) => void): void {
    const workers = this.#own.get(reader) ?? this.#shared
    const lane = this.#lanes.get(workers[slot % workers.length]!)!
    const ring = lane.worker.toWorker
    lane.touched = true
    const at = lane.backlog.length === 0 ? ring.claim() : -1
    if (at < 0) {
      const words = new Int32Array(DESCRIPTOR_WORDS)
      fill(words, 0)
      lane.backlog.push(words)
      // Whoever makes room next rings us; `flush` looks once more after this, so a release in between is not missed.
      this.#memory.wantRoom(0)
      return
    }
    fill(ring.words, at)
    ring.commit()
  }

  /** Moves what waited, as far as it fits, and rings the workers that have something new. */
  flush(): void {
    for (const lane of this.#lanes.values()) {
      const moved = lane.backlog.length === 0 ? 0 : this.#move(lane)
      if (moved > 0 || lane.touched) lane.bell.ring()
      lane.touched = false
    }
  }

  #move({ worker, backlog }: Lane): number {
    const ring = worker.toWorker
    let moved = 0
    while (moved < backlog.length) {
      let at = ring.claim()
      if (at < 0) {
        // Asked for before the last try: the worker may have emptied the ring in between, and never ring again.
        this.#memory.wantRoom(0)
        at = ring.claim()
        if (at < 0) break
      }
      ring.words.set(backlog[moved]!, at)
      ring.commit()
      moved++
    }
    backlog.splice(0, moved)
    return moved
  }
}
