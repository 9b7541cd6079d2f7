// A batch in a worker with user code: which of its records are processed, until none is left.
// [workers with a processor]
import type { BatchAcks } from '../delivery/acks.ts'
import type { Batch } from '../delivery/batch.ts'
import type { Standing } from '../delivery/run-attempts.ts'
import type { ToldCommits } from '../delivery/told-commits.ts'
import { OffsetTracker } from '../engine/offsets.ts'
import type { BatchMeasure } from '../ring/batch-measure.ts'
import type { ProcessorPlace } from './processor-place.ts'

/** Whom it tells. */
export interface WorkedBatchEvents {
  /** More of it is processed. */
  progressed(batch: WorkedBatch): void
  /** Resolves when main has committed what is processed of the partition. */
  commit(batch: WorkedBatch): Promise<void>
  /** Tells what came of commits of records. */
  readonly told: ToldCommits
  /** User code begins with it, or a part of it, from this offset on; what it gives is called at the end. */
  begins(place: ProcessorPlace, offset: number): () => void
  /** Nothing of it runs or waits any more. */
  closed(batch: WorkedBatch): void
}

/** Also where its acks go, wherever they come from: the context, the batch, a record of it, at any time. */
export class WorkedBatch implements Standing, BatchAcks {
  readonly place: ProcessorPlace
  /** Its number in the ledger, while the worker has its bytes. */
  readonly entry: number | undefined
  readonly nextOffset: number
  /** What main was told of. */
  reportedTo: number
  /** Parts that wait or run. */
  open = 1
  /** How long it took, once user code was done with a part of it. */
  measure: BatchMeasure | undefined
  /** When user code was first given a part of it. */
  beganMs: number | undefined
  readonly #tracker: OffsetTracker
  readonly #events: WorkedBatchEvents

  /** Offsets from `from` to before `nextOffset`, of which those before `first` hold no record. */
  constructor(
    place: ProcessorPlace,
    entry: number | undefined,
    { from, first, nextOffset }: { from: number; first: number; nextOffset: number },
    events: WorkedBatchEvents,
  ) {
    this.place = place
    this.entry = entry
    this.nextOffset = nextOffset
    this.reportedTo = from
    this.#events = events
    this.#tracker = new OffsetTracker({ epoch: 0, generation: place.generation, position: from })
    this.#tracker.arrived(first, nextOffset)
  }

  get stale(): boolean {
    return this.place.over
  }

  /** Everything of it before this offset is processed. */
  get floor(): number {
    return this.#tracker.floor
  }

  isDone(offset: number): boolean {
    return this.#tracker.isDone(offset)
  }

  pending(first: number, end: number): { first: number; end: number } | undefined {
    return this.#tracker.pending(first, end)
  }

  deaths(offset: number): { attempts: number; error: unknown } | undefined {
    return this.place.deaths(offset)
  }

  begins(offset: number): () => void {
    return this.#events.begins(this.place, offset)
  }

  ack(first: number, end: number): boolean {
    if (this.stale) return false
    const { floor } = this.#tracker
    this.#tracker.ack(this.#tracker, first, end)
    if (this.#tracker.floor > floor) {
      this.place.ack(floor, this.#tracker.floor)
      this.#events.progressed(this)
    }
    return true
  }

  commit(): Promise<void> {
    return this.#events.commit(this)
  }

  get told(): ToldCommits {
    return this.#events.told
  }

  /** A part of it, or all, neither waits nor runs any more. */
  close(part: Batch<unknown, unknown>): void {
    part.release()
    this.open--
    if (this.open === 0) this.#events.closed(this)
  }
}
