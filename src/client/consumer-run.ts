// A run of a consumer, whichever thread its handlers are on. [main thread]
import type { ConsumerPartition } from './consumer-partition.ts'

/** What a consumer tells the run that it has under way. */
export interface ConsumerRun {
  /** Runs until it is ended; rejects with the error that ended it. */
  start(): Promise<void>
  /** Begins nothing more; resolves when what runs has ended, or after `graceMs`, when handlers are told to give up. */
  stop(graceMs: number): Promise<void>
  /** What was handed out of a partition is void: it was sought, or taken away. */
  drop(partition: ConsumerPartition): void
  /** Hands out nothing more of a partition for now. */
  pause(partition: ConsumerPartition): void
  /** A partition may go on. */
  resume(partition: ConsumerPartition): void
  /** A partition is about to go: nothing more of it is begun. */
  release(partition: ConsumerPartition): void
  /** Whether a handler still runs on a partition. */
  busy(partition: ConsumerPartition): boolean
  /** Ends with this error. */
  fail(error: unknown): void
  /** The consumer reads other partitions now. */
  reassigned(): void
}
