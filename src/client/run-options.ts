// What `consumer.run` takes and what it hands to handlers. [main thread]
import { InvalidOption } from '../base/errors.ts'
import type { OnError } from '../delivery/attempts.ts'
import type { Batch } from '../delivery/batch.ts'
import type { Order } from '../delivery/lanes.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import type { RunContext } from '../delivery/run-context.ts'
import { type ResolvedRunOptions, resolveOptions } from './options.ts'
import type { ResourceLimits } from './options-run.ts'

export type { RunContext }

interface RunLimits {
  /** Handlers that run at once; default 1, and 16 in each worker with `processor`. */
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

/** A handler in worker threads: a module whose default export is called with each batch, and a context. */
export interface RunProcessorOptions extends RunLimits {
  /** URL or path of the module: .js, .mjs, or .ts where Node strips types. */
  processor: URL | string
  /** Threads; default: one less than there are cores. Each partition stays with one of them. */
  workers?: number
  /** Limits of the heap and the stack of each, as `new Worker` takes them. */
  resourceLimits?: ResourceLimits
}

/** What `consumer.run` takes. */
export type RunOptions<K, V> = RunBatchOptions<K, V> | RunRecordOptions<K, V> | RunProcessorOptions

const HANDLERS = ['eachBatch', 'eachRecord', 'processor'] as const

/** Checked, complete, with exactly one handler. `base`: the consumer's options. */
export function checkRunOptions(given: object, base: object): ResolvedRunOptions {
  const options = resolveOptions('run', given, base)
  if (HANDLERS.filter((name) => options[name] !== undefined).length !== 1) {
    throw new InvalidOption('INVALID_OPTION', 'run: give it eachBatch, eachRecord or processor, one of the three.')
  }
  if (options.processor === undefined) {
    for (const name of ['workers', 'resourceLimits']) {
      if (!(name in given)) continue
      throw new InvalidOption('INVALID_OPTION', `run: ${name} goes with processor; other handlers run on this thread.`)
    }
  }
  return options
}
