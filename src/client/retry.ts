// retry: calls something again until it succeeds, its attempts are used up, or its error says that trying is useless.
// [any thread]
import { backoff } from '../base/backoff.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import { InvalidOption } from '../base/errors.ts'
import { type Random, systemRandom } from '../base/random.ts'

/** How often and how fast to try again. */
export interface RetryOptions {
  /** How many more times after the first attempt; default 3. `Infinity` tries until `signal` fires. */
  retries?: number | undefined
  /** The wait after the first failure, in ms; default 1000. */
  backoffMs?: number | undefined
  /** How much each wait grows over the one before; default 2. */
  factor?: number | undefined
  /** No wait is longer, in ms; default 30000. */
  maxBackoffMs?: number | undefined
  /** Waits are spread over plus and minus this share of themselves; default 0.1. */
  jitter?: number | undefined
  /** Ends the waiting: the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined
  /** Says which errors are worth another attempt; default: all but those with `retriable === false`. */
  retriable?: ((error: unknown) => boolean) | undefined
  /** Where time comes from; default the machine. */
  clock?: Clock | undefined
  /** Where jitter comes from; default the machine. */
  random?: Random | undefined
}

/**
 * Calls `fn(attempt)`, attempts counted from 0, until it fulfils, and rejects with the last error when it does not.
 * An error whose `retriable` is false ends it at once.
 */
export async function retry<T>(fn: (attempt: number) => T | Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { retries = 3, backoffMs = 1000, factor = 2, maxBackoffMs = 30_000, jitter = 0.1, signal } = options
  const { clock = systemClock, random = systemRandom, retriable = worthAnotherAttempt } = options
  if (typeof fn !== 'function') throw new InvalidOption('INVALID_ARGUMENT', 'retry takes a function.')
  if (!(retries >= 0)) throw new InvalidOption('INVALID_OPTION', `retries must be 0 or more, not ${retries}.`)
  for (let attempt = 0; ; attempt++) {
    signal?.throwIfAborted()
    try {
      return await fn(attempt)
    } catch (error) {
      if (attempt >= retries || !retriable(error)) throw error
    }
    await pause(backoff(attempt, { baseMs: backoffMs, maxMs: maxBackoffMs, factor, jitter }, random), clock, signal)
  }
}

function worthAnotherAttempt(error: unknown): boolean {
  return (error as { retriable?: unknown } | null | undefined)?.retriable !== false
}

/** Waits; rejects with the signal's reason when it fires first. */
export function pause(delayMs: number, clock: Clock = systemClock, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const stop = () => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', stop)
      resolve()
    })
    signal?.addEventListener('abort', stop, { once: true })
  })
}
