// Where a batch and its records tell that they were processed. [any thread that runs handlers]
import { InvalidOption } from '../base/errors.ts'

/** The acks of one batch: bound to the assignment and the seek that it was read under. */
export interface BatchAcks {
  /** The offset after the batch. */
  readonly nextOffset: number
  /** Offsets from `first` to before `end` are processed. False: refused, the partition was taken away or sought. */
  ack(first: number, end: number): boolean
  /** Commits the partition up to its floor. */
  commit(): Promise<void>
}

/** The error for acks of what was read without a consumer: nobody commits it. */
export function notConsumed({ topic, partition }: { topic: string; partition: number }): InvalidOption {
  const text = `Only what a consumer read can be acknowledged or committed, not an iteration over ${topic}.`
  return new InvalidOption('NOT_CONSUMED', text, { topic, partition })
}
