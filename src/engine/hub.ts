// Where batches arrive on main: drains the workers' rings and hands each batch to its reader. [main thread]
import { Lease } from '../delivery/lease.ts'
import type { Bell } from '../ring/doorbell.ts'
import type { Memory } from '../ring/memory.ts'
import type { WorkerView } from '../ring/worker-view.ts'

/** Who takes the batches of one slot. */
export interface SlotOwner {
  /** Batches of another generation were sought past, and are released unseen. */
  generation: number
  arrived(lease: Lease): void
}

/** Drains at every ring of main's bell. Never blocks: what readers queue is bounded by their credit. */
export class Hub {
  readonly #memory: Memory
  readonly #ioBell: Bell
  readonly #bellOf: (worker: WorkerView) => Bell
  readonly #owners = new Map<number, SlotOwner>()
  readonly #takers = new Map<number, () => void>()

  constructor(memory: Memory, ioBell: Bell, bellOf: (worker: WorkerView) => Bell) {
    this.#memory = memory
    this.#ioBell = ioBell
    this.#bellOf = bellOf
  }

  /** Routes the batches of a slot. */
  own(slot: number, owner: SlotOwner): void {
    this.#owners.set(slot, owner)
  }

  /** Releases whatever still comes for a slot. */
  disown(slot: number): void {
    this.#owners.delete(slot)
  }

  /** The ring of this worker is drained by `take`, and by nobody when it is undefined. */
  give(worker: number, take: (() => void) | undefined): void {
    if (take === undefined) this.#takers.delete(worker)
    else this.#takers.set(worker, take)
  }

  /** Memory came back: whoever waits for it is rung. */
  freed(reader: number): void {
    this.#freed(reader)
  }

  /** Takes everything that has arrived. */
  drain(): void {
    for (const worker of this.#memory.workers) {
      const ring = worker.toMain
      const taker = this.#takers.get(worker.id)
      if (taker !== undefined) {
        taker()
        continue
      }
      for (let at = ring.peek(); at >= 0; at = ring.peek()) {
        const lease = new Lease(this.#memory, worker, ring.words, at, this.#freed)
        ring.release()
        const owner = this.#owners.get(lease.slot)
        if (owner === undefined || owner.generation !== lease.generation) {
          lease.release()
          continue
        }
        lease.detachIfSmall()
        owner.arrived(lease)
      }
    }
    // Ring space counts as room too: a worker that found main's ring full waits for this.
    this.#ring(this.#memory.roomWanted(0))
  }

  #freed = (reader: number): void => {
    this.#memory.forgetSpills()
    this.#ring(this.#memory.readerRoomWanted(reader))
  }

  #ring(io: boolean): void {
    if (io) this.#ioBell.ring()
    for (const worker of this.#memory.workers) if (worker.roomWanted()) this.#bellOf(worker).ring()
  }
}
