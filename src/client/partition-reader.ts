// One partition of an iteration, on main: what has arrived, how far the user has come, and why it ended. [main thread]
import type { MillraceError } from '../base/errors.ts'
import type { BatchRange } from '../delivery/batch.ts'
import type { Lease } from '../delivery/lease.ts'
import type { PartitionOwner } from '../engine/engine.ts'
import type { LogEnds } from '../ring/memory.ts'

/** Reading; at its end; stopped by the caller; or given up with an error. */
export type PartitionState = 'active' | 'done' | 'stopped' | 'failed'

/** Where an iteration stands in a partition; outlives the loops over it. */
export class PartitionProgress {
  readonly topic: string
  readonly partition: number
  /** The first offset not yet given to the user. */
  position: number
  /** Reading ends before this offset; undefined reads on for ever. */
  readonly end: number | undefined
  state: PartitionState = 'active'
  /** Asks whoever reads it what the last fetch said of its log. */
  askEnds: () => LogEnds | undefined = () => undefined
  #logEnds: LogEnds | undefined

  constructor(topic: string, partition: number, position: number, end: number | undefined) {
    this.topic = topic
    this.partition = partition
    this.position = position
    this.end = end
    if (end !== undefined && position >= end) this.state = 'done'
  }

  /** As far as it is known: what it was is remembered while nobody reads. */
  get logEnds(): LogEnds | undefined {
    this.#logEnds = this.askEnds() ?? this.#logEnds
    return this.#logEnds
  }
}

/** Whom a partition reader tells. */
export interface PartitionEvents {
  arrived(reader: PartitionReader, lease: Lease): void
  /** All that was sent before the failure has arrived. */
  failed(reader: PartitionReader, error: MillraceError): void
}

/** A partition while a loop runs over it: the engine's owner of its slot. */
export class PartitionReader implements PartitionOwner {
  readonly progress: PartitionProgress
  readonly slot: number
  generation: number
  /** The offset after the last batch that arrived. */
  arrivedUpTo: number
  readonly #events: PartitionEvents
  #failure: { error: MillraceError; position: number } | undefined

  constructor(
    progress: PartitionProgress,
    generation: number,
    events: PartitionEvents,
    slot: (own: PartitionOwner) => number,
  ) {
    this.progress = progress
    this.generation = generation
    this.arrivedUpTo = progress.position
    this.#events = events
    this.slot = slot(this)
  }

  arrived(lease: Lease): void {
    this.arrivedUpTo = Math.max(this.arrivedUpTo, lease.nextOffset)
    this.#events.arrived(this, lease)
    this.#tellFailure()
  }

  /** Reading begins anew at the progress' position; what is under way belongs to an older generation. */
  restart(generation: number): void {
    this.generation = generation
    this.arrivedUpTo = this.progress.position
    this.#failure = undefined
  }

  failed(error: MillraceError, position: number): void {
    this.#failure ??= { error, position }
    this.#tellFailure()
  }

  /** Rows of a batch that are to be shown: not before the position, not from the end on. */
  range(lease: Lease): BatchRange {
    const { position, end } = this.progress
    let first = 0
    let last = lease.count
    // Only the batch in which reading starts or ends is cut: a walk over its rows is rare.
    if (lease.baseOffset < position) while (first < last && lease.offsetAt(first) < position) first++
    if (end !== undefined && lease.nextOffset > end) while (last > first && lease.offsetAt(last - 1) >= end) last--
    return { first, end: last }
  }

  /** The failure comes in order: after the batches that were sent before it. */
  #tellFailure(): void {
    const failure = this.#failure
    if (failure === undefined || this.arrivedUpTo < failure.position) return
    this.#failure = undefined
    this.#events.failed(this, failure.error)
  }
}
