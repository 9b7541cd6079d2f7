// Batches that user code forgot: the garbage collector finds them, and their memory comes back. [main thread]
import type { Clock, Timer } from '../base/clock.ts'
import type { Holding } from '../delivery/holding.ts'
import type { Lease } from '../delivery/lease.ts'

/** A batch that was never released. */
export interface LeakedBatch {
  topic: string
  partition: number
  /** Its first offset. */
  offset: number
  /** What it held of the shared memory. */
  bytes: number
}

/** Of one engine. What still holds the lease, a part of its batch for instance, keeps it from being collected. */
export class Leaks {
  readonly #registry: FinalizationRegistry<{ holding: Holding; batch: LeakedBatch }>

  constructor(report: (batch: LeakedBatch) => void) {
    this.#registry = new FinalizationRegistry(({ holding, batch }) => {
      if (holding.released) return
      holding.release()
      report(batch)
    })
  }

  /** Must not be called twice for a lease. */
  register(lease: Lease, topic: string, partition: number): void {
    const batch = { topic, partition, offset: lease.baseOffset, bytes: lease.heldBytes }
    this.#registry.register(lease, { holding: lease.holding, batch })
  }
}

/** A batch that is still held after so long, or when the next one is given, is looked after. */
const PATIENCE_MS = 1_000

/** Of one reader. To register a batch takes a microsecond or two: those that are released in turn never are. */
export class LeakWatch {
  readonly #leaks: Leaks
  readonly #clock: Clock
  #last: { lease: Lease; topic: string; partition: number } | undefined
  #timer: Timer | undefined

  constructor(leaks: Leaks, clock: Clock) {
    this.#leaks = leaks
    this.#clock = clock
  }

  /** User code has it now. */
  given(lease: Lease, topic: string, partition: number): void {
    this.#settle()
    this.#last = { lease, topic, partition }
    this.#timer ??= this.#clock.after(PATIENCE_MS, () => {
      this.#timer = undefined
      this.#settle()
    })
  }

  /** Nothing more is given. */
  close(): void {
    this.#timer?.cancel()
    this.#settle()
  }

  #settle(): void {
    const last = this.#last
    this.#last = undefined
    if (last !== undefined && !last.lease.released) this.#leaks.register(last.lease, last.topic, last.partition)
  }
}
