// What `consumer.run` takes and what it hands to handlers. [main thread]
import { InvalidOption } from '../base/errors.ts'
import type { OnError } from '../delivery/attempts.ts'
import type { Batch } from '../delivery/batch.ts'
import type { Order } from '../delivery/lanes.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import { type ResolvedRunOptions, resolveOptions } from './options.ts'

/** What a handler is told beside its batch or record. */
export interface RunContext {
  /** Fires when the handler's time is over, or when nobody waits for it any more. */
  readonly signal: AbortSignal
  /** Which attempt at this record, or at the first record of this batch, counted from 1. */
  readonly attempt: number
  /** The worker that the handler runs in; undefined on main. */
  readonly worker: number | undefined
  /** Record `i` of the batch (or the record itself, or without `i` all) is processed: a failure after it spares it. */
  ack(i?: number): void
}

interface RunLimits {
  /** Handlers that run at once; default 1. */
  concurrency?: number
  /** Default 'partition'. */
  order?: Order
  /** Default 'fail'. */
  onError?: OnError
  /** Default: none. */
  handlerTimeoutMs?: number
  /** Ends the run: nothing new is started, what runs is finished and committed, and `run` resolves. */
  signal?: AbortSignal
}

/** A handler for batches. */
export interface RunBatchOptions<K, V> extends RunLimits {
  eachBatch(batch: Batch<K, V>, context: RunContext): unknown
}

/** A handler for records. */
export interface RunRecordOptions<K, V> extends RunLimits {
  eachRecord(record: ConsumerRecord<K, V>, context: RunContext): unknown
  /** Records of one partition that wait or run; default 1000. */
  maxInFlightRecords?: number
}

/** What `consumer.run` takes. */
export type RunOptions<K, V> = RunBatchOptions<K, V> | RunRecordOptions<K, V>

/** Checked, complete. Exactly one handler; batches of one partition in the order of keys make no sense. */
export function checkRunOptions(given: object): ResolvedRunOptions {
  if ('processor' in given || 'workers' in given) {
    const text = 'run: processors in workers come with a later version; use eachBatch or eachRecord.'
    throw new InvalidOption('NOT_THERE_YET', text)
  }
  const options = resolveOptions('run', given)
  if ((options.eachBatch === undefined) === (options.eachRecord === undefined)) {
    throw new InvalidOption('INVALID_OPTION', 'run: give it eachBatch or eachRecord, one of the two.')
  }
  if (options.eachBatch !== undefined && options.order === 'key') {
    throw new InvalidOption('INVALID_OPTION', "run: order 'key' goes with eachRecord: a batch has many keys.")
  }
  return options
}
