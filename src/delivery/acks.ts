// Where a batch and its records tell that they were processed. [any thread that runs handlers]
import { InvalidOption } from '../base/errors.ts'
import type { TransactionGroup, TransactionOffset } from '../control/producing.ts'
import type { ToldCommits } from './told-commits.ts'

/** An offset that is committed by a transaction, and not by its consumer as long as that one is open. */
export interface TransactedOffset {
  readonly group: TransactionGroup
  readonly offset: TransactionOffset
  /** The transaction was committed, or not: then its records are read again. */
  ended(committed: boolean): void
}

/** A stretch of offsets: `end` is the first one after it. */
export interface OffsetStretch {
  readonly first: number
  readonly end: number
}

/** The acks of one batch: bound to the assignment and the seek that it was read under. */
export interface BatchAcks {
  /** The offset after the batch. */
  readonly nextOffset: number
  /** Offsets from `first` to before `end` are processed. False: refused, the partition was taken away or sought. */
  ack(first: number, end: number): boolean
  /** Commits the partition up to its floor. */
  commit(): Promise<void>
  /** Tells what came of commits, in the order of the calls. */
  readonly told: ToldCommits
  /** These offsets, rising, are committed by a transaction. Throws when that would pass what is not processed. */
  transact?(stretches: readonly OffsetStretch[]): TransactedOffset
}

/** The error for acks of what was read without a consumer: nobody commits it. */
export function notConsumed({ topic, partition }: { topic: string; partition: number }): InvalidOption {
  const text = `Only what a consumer read can be acknowledged or committed, not an iteration over ${topic}.`
  return new InvalidOption('NOT_CONSUMED', text, { topic, partition })
}

/** The error for a batch whose offsets no transaction can commit. */
export function notTransacted({ topic, partition }: { topic: string; partition: number }): InvalidOption {
  const where = `${topic}[${partition}]`
  const text = `This batch of ${where} is of a worker or of some keys: transactions take whole batches on main.`
  return new InvalidOption('NOT_TRANSACTED', text, { topic, partition })
}
