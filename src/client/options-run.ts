// Options of `consumer.run`: how handlers are called, how many at once, and what becomes of failures. [main thread]
import { errorPolicy, type OnError } from '../delivery/attempts.ts'
import { choice, count, ms, special } from './option-row.ts'

/** The rows of a run. */
export const runOptions = {
  /** Called with each batch, and a context: `(batch, { signal, attempt, ack })`. */
  eachBatch: handler(),
  /** Called with each record, and a context: `(record, { signal, attempt, ack })`. */
  eachRecord: handler(),
  /** Handlers that run at once. */
  concurrency: count({ default: 1, min: 1, max: 100_000, java: false }),
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

function handler() {
  return special<(...given: never[]) => unknown>()({
    type: 'function',
    java: false,
    expected: 'a function',
    accept: (given) => (typeof given === 'function' ? (given as (...given: never[]) => unknown) : undefined),
  })
}
