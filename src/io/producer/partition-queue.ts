// The batches of one partition: in the order of their ordinals, with the sequence numbers of KIP-98. [I/O thread]
//
// What brokers do, and what follows from it:
//  - A batch is accepted when its sequence follows the last one stored, also when the broker knows nothing of the
//    producer. So the first batch under an identity goes alone: else a second one could be stored where it failed.
//  - A batch keeps its sequence over retries, so that a broker which stored it says so. It gets another one only
//    after the broker said that the sequence does not fit, which means that neither it nor a later one is stored.
//  - A batch given up leaves a gap, or perhaps none if it was stored after all. Those after it show which: one that
//    is stored closes the question; one that does not fit opens a new epoch, in which all start again at 0 (KIP-360).
import type { MillraceError } from '../../base/errors.ts'
import { type Identity, NOBODY, type OutgoingBatch, SEQUENCES } from './outgoing-batch.ts'

/** An int16; after it comes another producer id. */
const EPOCH_MAX = 0x7fff

/** Whether batches have sequence numbers, and whose the epochs are. */
export type QueueMode = 'plain' | 'idempotent' | 'transactional'

/** Pure state: when to send, and where to, is decided by others. */
export class PartitionQueue {
  readonly topic: string
  readonly partition: number
  /** Whose sequence this is; undefined until it is known, and again when its epochs are used up. */
  identity: Identity | undefined
  /** The producer id whose epochs are used up. */
  usedUp: bigint | undefined
  /** Why the last attempt failed, for the error of a batch whose time is over. */
  lastError: MillraceError | undefined
  readonly #mode: QueueMode
  #nextOrdinal = 0
  /** Came before one that must go first. */
  readonly #early = new Map<number, OutgoingBatch>()
  /** In order. Those tried before have a sequence and stand in front. */
  #waiting: OutgoingBatch[] = []
  /** In order of sending. */
  #inFlight: OutgoingBatch[] = []
  #nextSequence = 0
  /** The broker stored a batch under this identity. */
  #known = false
  /** The last batch with a sequence that was given up: perhaps it is missing in the log. */
  #gap: OutgoingBatch | undefined
  /** The broker says that the sequences do not fit: all get new ones once nothing is in flight. */
  #renumber = false

  constructor(topic: string, partition: number, mode: QueueMode) {
    this.topic = topic
    this.partition = partition
    this.#mode = mode
    if (mode === 'plain') this.identity = NOBODY
  }

  get idle(): boolean {
    return this.#waiting.length + this.#inFlight.length + this.#early.size === 0
  }

  get inFlightCount(): number {
    return this.#inFlight.length
  }

  /** All that is here, in no particular order. */
  *batches(): Iterable<OutgoingBatch> {
    yield* this.#inFlight
    yield* this.#waiting
    yield* this.#early.values()
  }

  /** Takes a batch that came. */
  add(batch: OutgoingBatch): void {
    this.#early.set(batch.sealed.ordinal, batch)
    for (;;) {
      const next = this.#early.get(this.#nextOrdinal)
      if (next === undefined) return
      this.#early.delete(this.#nextOrdinal++)
      // One that was given up while it waited for its turn only counts.
      if (!next.reported) this.#waiting.push(next)
    }
  }

  /** The batch that may be sent now, if there is one. */
  next(): OutgoingBatch | undefined {
    const head = this.#waiting[0]
    if (head === undefined || head.writing) return undefined
    const last = this.#inFlight.at(-1)
    // Never while a later one is on its way.
    if (last?.isAfter(head)) return undefined
    if (this.#mode === 'plain') return head
    const hasGap = this.#gap !== undefined
    const alone = this.#renumber || hasGap || !this.#known
    if (alone && last !== undefined) return undefined
    if (this.#renumber || (hasGap && head.sequence < 0)) {
      // The epoch of a transactional producer is for its coordinator to raise.
      if (this.#mode === 'transactional') return undefined
      this.#startEpoch()
    }
    return head
  }

  /** Takes `next()`, which is about to be sent. Its identity must be known. */
  take(): OutgoingBatch {
    const batch = this.#waiting.shift()!
    if (this.#mode !== 'plain' && batch.sequence < 0) {
      batch.sequence = this.#nextSequence
      this.#nextSequence = (this.#nextSequence + batch.sealed.count) % SEQUENCES
    }
    batch.stamp(this.identity!)
    this.#inFlight.push(batch)
    return batch
  }

  /** It is in the log. */
  stored(batch: OutgoingBatch): void {
    this.#leave(batch)
    this.#known = true
    if (this.isBehindGap(batch)) this.#gap = undefined
  }

  /** It is to be sent again. */
  retry(batch: OutgoingBatch): void {
    this.#leave(batch)
    this.#wait(batch)
  }

  /** It goes in parts, which stand in its place. */
  replace(batch: OutgoingBatch, parts: readonly OutgoingBatch[]): void {
    this.#leave(batch)
    this.#wait(...parts)
  }

  /** Nothing before it is still to be stored. If the broker says that its sequence does not follow, that is news. */
  isFirst(batch: OutgoingBatch): boolean {
    return [...this.#inFlight, ...this.#waiting].every((other) => other.sequence < 0 || !batch.isAfter(other))
  }

  /** One before it was given up, so that its sequence need not fit. */
  isBehindGap(batch: OutgoingBatch): boolean {
    return this.#gap !== undefined && batch.isAfter(this.#gap)
  }

  /** The broker says that the sequences do not fit: all that is left gets new ones, in a new epoch. */
  renumber(): void {
    this.#renumber = true
  }

  /** It is given up; `notStored`: for certain. */
  giveUp(batch: OutgoingBatch, notStored: boolean): void {
    this.#leave(batch)
    const { sequence, sealed } = batch
    if (sequence < 0) return
    const isLast = (sequence + sealed.count) % SEQUENCES === this.#nextSequence
    if (isLast && notStored) this.#nextSequence = sequence
    else if (this.#gap === undefined || this.isBehindGap(batch)) this.#gap = batch
  }

  /** Another identity from the next batch on, which must be the first one in flight: a new transaction, for example. */
  become(identity: Identity): void {
    this.identity = identity
    this.#restart()
  }

  #startEpoch(): void {
    const { producerId, producerEpoch } = this.identity ?? NOBODY
    const over = producerEpoch >= EPOCH_MAX
    this.identity = over ? undefined : { producerId, producerEpoch: producerEpoch + 1 }
    if (over) this.usedUp = producerId
    this.#restart()
  }

  #restart(): void {
    this.#nextSequence = 0
    this.#known = false
    this.#gap = undefined
    this.#renumber = false
    for (const batch of this.#waiting) batch.sequence = -1
  }

  /** They follow each other. */
  #wait(...batches: OutgoingBatch[]): void {
    const at = this.#waiting.findIndex((other) => other.isAfter(batches[0]!))
    this.#waiting.splice(at < 0 ? this.#waiting.length : at, 0, ...batches)
  }

  #leave(batch: OutgoingBatch): void {
    for (const list of [this.#inFlight, this.#waiting]) {
      const at = list.indexOf(batch)
      if (at >= 0) list.splice(at, 1)
    }
  }
}
