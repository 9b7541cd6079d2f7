// What a handler is told beside its batch or record. [any thread that runs handlers]

/** The second argument of a handler, on main and in workers alike. */
export interface RunContext {
  /** Fires when the handler's time is over, or when nobody waits for it any more. */
  readonly signal: AbortSignal
  /** Which attempt at this record, or at the first record of this batch, counted from 1. */
  readonly attempt: number
  /** The worker that the handler runs in, counted from 0; undefined on main. */
  readonly worker: number | undefined
  /** Record `i` of the batch (or the record itself, or without `i` all) is processed: a failure after it spares it. */
  ack(i?: number): void
  /** Commits what is processed of the partition, without a gap. Resolves when the group's coordinator has it. */
  commit(): Promise<void>
}
