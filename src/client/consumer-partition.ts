// One partition of a consumer's assignment: what was given to user code, and what of it is processed. [main thread]
import { InvalidOption } from '../base/errors.ts'
import type { TransactionGroup } from '../control/producing.ts'
import type { BatchAcks, OffsetStretch, TransactedOffset } from '../delivery/acks.ts'
import type { Standing } from '../delivery/run-attempts.ts'
import type { ToldCommits } from '../delivery/told-commits.ts'
import { OffsetTracker, type TrackerStart } from '../engine/offsets.ts'
import { PartitionProgress } from './partition-reader.ts'

/** A partition by its name. */
export interface TopicPartition {
  topic: string
  partition: number
}

/** A partition to be read, perhaps from an offset of the caller's choice. */
export interface AssignedPartition extends TopicPartition {
  /** Default: what the group has committed, else what `autoOffsetReset` says. */
  offset?: number | undefined
}

/** An offset of it that a transaction is to commit. */
interface OffsetOfIt {
  offset: number
  metadata?: string | undefined
}

/** `topic/partition`, to look it up by. */
export const partitionKey = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`

/** What a partition asks of its consumer. */
export interface PartitionHost {
  /** Commits its floor. */
  commit(partition: ConsumerPartition): Promise<void>
  /** Tells what came of commits of records. */
  readonly told: ToldCommits
  /** For whom a transaction commits; throws without a group. */
  group(): TransactionGroup
  /** Reads it again from there. */
  rewind(partition: ConsumerPartition, position: number): void
}

/** Lives as long as the assignment. */
export class ConsumerPartition {
  readonly topic: string
  readonly partition: number
  readonly key: string
  readonly progress: PartitionProgress
  readonly tracker: OffsetTracker
  /** The first offset that user code was not given yet. */
  given: number
  paused = false
  /** Of a topic that nobody wants any more, and that the group has not taken yet. */
  unwanted = false
  /** Acks count; false once the assignment is over. */
  live = true
  /** It is about to go: nothing more of it is given. */
  halted = false
  /** Fires when handlers are to give up: somebody else has the partition. */
  readonly gone = new AbortController()
  readonly #start: number
  /** The end of the last batch with records. */
  #arrivedUpTo: number
  /** The generation in which the last batch was taken. */
  #takenIn = -1
  /** Offsets that open transactions are to commit; the consumer commits nothing meanwhile. */
  #transacted = 0
  readonly #host: PartitionHost

  constructor(name: TopicPartition, start: TrackerStart, host: PartitionHost) {
    this.topic = name.topic
    this.partition = name.partition
    this.key = partitionKey(name)
    this.progress = new PartitionProgress(name.topic, name.partition, start.position, undefined)
    this.tracker = new OffsetTracker(start)
    this.given = start.position
    this.#start = start.position
    this.#arrivedUpTo = start.position
    this.#host = host
  }

  /** Next to be given to user code. */
  get position(): number {
    return this.given >= this.#arrivedUpTo ? this.progress.position : this.given
  }

  /** Nothing of it is to be given now. */
  get rests(): boolean {
    return this.paused || this.unwanted || this.halted
  }

  /** Was given to a reader that nobody looked at: it is fetched again, once the partition does not rest any more. */
  ungiven(offset: number): void {
    this.given = Math.min(this.given, offset)
    this.progress.position = Math.min(this.progress.position, offset)
  }

  /** Something of it was processed, or sought. */
  get wasUsed(): boolean {
    return this.tracker.floor !== this.#start
  }

  /** Records behind the position, up to the high watermark of the last fetch; undefined before the first one. */
  get lag(): number | undefined {
    const ends = this.progress.logEnds
    return ends === undefined ? undefined : Math.max(0, ends.highWatermark - this.position)
  }

  /** User code was given something of it that is not processed. */
  get owed(): boolean {
    return this.tracker.pending(this.tracker.floor, this.given) !== undefined
  }

  /** A batch was taken: from here on its offsets are waiting to be processed. */
  arrived(first: number, nextOffset: number): BatchAcks {
    const { tracker } = this
    tracker.arrived(first, nextOffset)
    this.#takenIn = tracker.generation
    this.#arrivedUpTo = nextOffset
    const life = { epoch: tracker.epoch, generation: tracker.generation }
    return {
      nextOffset,
      ack: (from, end) => this.live && tracker.ack(life, from, end),
      commit: () => this.#host.commit(this),
      told: this.#host.told,
      transact: (stretches) => this.#transactStretches(tracker.generation === life.generation, stretches),
    }
  }

  /** A transaction is about to commit offsets of it. */
  get inTransaction(): boolean {
    return this.#transacted > 0
  }

  /**
   * Whether a batch that was taken a moment ago may not be given any more: the partition is gone or was sought, or was
   * paused, and is read on before it. Asked by whoever receives one, as all that may happen while it is on its way.
   */
  isVoid(nextOffset: number): boolean {
    const isOver = !this.live || this.halted
    return isOver || this.#takenIn !== this.tracker.generation || this.progress.position < nextOffset
  }

  /** How what is handed out now stands, from here on. */
  standing(): Standing {
    const { tracker } = this
    const { generation } = tracker
    const isStale = () => !this.live || tracker.generation !== generation
    return {
      get stale() {
        return isStale()
      },
      isDone: (offset) => tracker.isDone(offset),
      pending: (first, end) => tracker.pending(first, end),
    }
  }

  /** Everything before this offset was given to a worker, or never was a record. */
  handedOut(position: number): void {
    this.progress.position = position
    this.given = position
  }

  /** Takes in that markers and hidden records were passed: nothing of them is waiting to be given. */
  settle(): void {
    this.tracker.passed(this.progress.position)
  }

  /** Everything that was handed out before is void. */
  moveTo(position: number, generation: number, explicit: boolean): void {
    this.tracker.seek(position, generation, { explicit })
    this.progress.position = position
    this.given = position
    this.#arrivedUpTo = position
  }

  /** Throws when no transaction could commit now. */
  checkGroup(): void {
    this.#host.group()
  }

  /** Throws when something before this offset is not processed. */
  checkFloor(offset: number): void {
    this.settle()
    if (offset > this.tracker.floor) throw this.#pastFloor(offset)
  }

  /** What is processed, for a transaction; nothing when that is no news. */
  transactProcessed(): TransactedOffset[] {
    this.settle()
    const offset = this.tracker.committable()
    return offset === undefined || this.gone.signal.aborted ? [] : [this.transactOffset({ offset })]
  }

  /** An offset for a transaction. Aborted, what was not committed before is read again. */
  transactOffset(given: OffsetOfIt): TransactedOffset {
    return this.#transact(given, this.tracker.secured)
  }

  #transactStretches(current: boolean, stretches: readonly OffsetStretch[]): TransactedOffset {
    const { topic, partition, tracker } = this
    if (!this.live || !current) {
      const where = `${topic}[${partition}]`
      const text = `The batch of ${where} is of an assignment or a position that is over: it will be read again.`
      throw new InvalidOption('STALE_BATCH', text, { topic, partition })
    }
    const { end: offset } = stretches.at(-1)!
    let from = tracker.floor
    for (const { first, end } of stretches) {
      if (tracker.pending(from, first) !== undefined) throw this.#pastFloor(offset)
      from = end
    }
    return this.#transact({ offset }, stretches[0]!.first, stretches)
  }

  /** Aborted, it is read again from `back` on; committed, these stretches are processed. */
  #transact(
    { offset, metadata }: OffsetOfIt,
    back: number,
    stretches: readonly OffsetStretch[] = [],
  ): TransactedOffset {
    const { topic, partition, tracker } = this
    const { generation } = tracker
    const group = this.#host.group()
    this.#transacted++
    return {
      group,
      offset: { topic, partition, offset, leaderEpoch: -1, metadata: metadata ?? null },
      ended: (committed) => {
        this.#transacted--
        if (!this.live || tracker.generation !== generation) return
        if (!committed) return this.#host.rewind(this, back)
        for (const { first, end } of stretches) tracker.ack(tracker, first, end)
        tracker.wasCommitted(offset)
      },
    }
  }

  #pastFloor(offset: number): InvalidOption {
    const { topic, partition, tracker } = this
    const where = `${topic}[${partition}]`
    const passed = `A commit of ${offset} for ${where} would pass what is not processed, from ${tracker.floor} on`
    const text = `${passed}: acknowledge it first, with record.ack() or batch.ack().`
    return new InvalidOption('PAST_THE_FLOOR', text, { topic, partition, offset })
  }
}
