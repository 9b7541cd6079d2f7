// Options of `consumer.run`: how handlers are called, how many at once, and what becomes of failures. [main thread]
import { availableParallelism } from 'node:os'
import { pathToFileURL } from 'node:url'
import { errorPolicy, type OnError } from '../delivery/attempts.ts'
import { choice, count, ms, special } from './option-row.ts'

/** What a thread may use. */
export interface ResourceLimits {
  maxOldGenerationSizeMb?: number
  maxYoungGenerationSizeMb?: number
  stackSizeMb?: number
}

const LIMITS = ['maxOldGenerationSizeMb', 'maxYoungGenerationSizeMb', 'stackSizeMb']
/** Of one run: a Kafka instance has room for 64 with all its pools. */
const WORKERS_MAX = 32

/** The rows of a run. */
export const runOptions = {
  /** Called with each batch, and a context: `(batch, { signal, attempt, ack })`. */
  eachBatch: handler(),
  /** Called with each record, and a context: `(record, { signal, attempt, ack })`. */
  eachRecord: handler(),
  /** A module whose default export is called with each batch, and a context, in worker threads. */
  processor: special<URL | string, URL>()({
    type: 'URL | string',
    java: false,
    expected: 'the URL or the path of a module',
    accept: moduleOf,
  }),
  /** Threads that run the processor; each partition stays with one of them. */
  workers: count({
    default: Math.max(1, availableParallelism() - 1),
    defaultText: 'max(1, cores - 1)',
    min: 1,
    max: WORKERS_MAX,
    java: false,
  }),
  /** Limits of the heap and the stack of each of these threads, as `new Worker` takes them. */
  resourceLimits: special<ResourceLimits>()({
    type: '{ maxOldGenerationSizeMb, maxYoungGenerationSizeMb, stackSizeMb }',
    java: false,
    expected: `an object of positive numbers: ${LIMITS.join(', ')}`,
    accept: limitsOf,
  }),
  /** Handlers that run at once, with `processor` in each worker. */
  concurrency: count({ defaultText: '1, or 16 with processor', min: 1, max: 100_000, java: false }),
  /** What waits for what: `partition`: one after the other in each; `key`: the same for each key; `none`: nothing. */
  order: choice(['partition', 'key', 'none'], { default: 'partition', java: false }),
  /** A handler that fails: `fail` ends the run, `skip` leaves the record out, an object tries again. */
  onError: special<OnError>()({
    type: "'fail' | 'skip' | { retries, backoffMs, factor, maxBackoffMs, jitter, deadLetter }",
    default: 'fail',
    java: false,
    expected: "'fail', 'skip' or { retries, … }",
    // A wrong part of it is an error of its own, which names it.
    accept: (given) => (errorPolicy(given as OnError) === undefined ? undefined : (given as OnError)),
  }),
  /** A handler that takes longer is told by its signal, and counts as failed. Default: it may take for ever. */
  handlerTimeoutMs: ms({ min: 1, java: false }),
  /** Records of one partition that wait for a handler or run, with `eachRecord`. */
  maxInFlightRecords: count({ default: 1_000, min: 1, java: false }),
}

function moduleOf(given: unknown): URL | undefined {
  if (given instanceof URL) return given.protocol === 'file:' || given.protocol === 'data:' ? given : undefined
  if (typeof given !== 'string' || given === '') return undefined
  return /^(file|data):/.test(given) ? new URL(given) : pathToFileURL(given)
}

function limitsOf(given: unknown): ResourceLimits | undefined {
  if (typeof given !== 'object' || given === null) return undefined
  const right = Object.entries(given).every(([name, value]) => LIMITS.includes(name) && value > 0)
  return right ? (given as ResourceLimits) : undefined
}

function handler() {
  return special<(...given: never[]) => unknown>()({
    type: 'function',
    java: false,
    expected: 'a function',
    accept: (given) => (typeof given === 'function' ? (given as (...given: never[]) => unknown) : undefined),
  })
}
