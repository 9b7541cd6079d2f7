// What is done about a handler that failed: again, elsewhere, past it, or the end. [any thread that runs handlers]
import { backoff } from '../base/backoff.ts'
import type { Clock } from '../base/clock.ts'
import { InvalidOption, Timeout } from '../base/errors.ts'
import type { Random } from '../base/random.ts'

/** Tries again, and what then. */
export interface RetryPolicy {
  /** Attempts after the first; default 3. */
  retries?: number | undefined
  /** The wait before the first of them, in ms; default 1000. */
  backoffMs?: number | undefined
  /** How much each wait grows over the one before; default 2. */
  factor?: number | undefined
  /** No wait is longer, in ms; default 30000. */
  maxBackoffMs?: number | undefined
  /** Waits are spread over plus and minus this share of themselves; default 0.1. */
  jitter?: number | undefined
  /** The topic that takes records which failed for good. Default: the run ends with the error. */
  deadLetter?: string | undefined
}

/** What to do about a handler that fails: end the run, leave the record out, or try again. */
export type OnError = 'fail' | 'skip' | RetryPolicy

/** `OnError`, complete. */
export interface ErrorPolicy {
  readonly retries: number
  readonly backoffMs: number
  readonly factor: number
  readonly maxBackoffMs: number
  readonly jitter: number
  /** When attempts are used up or useless. */
  readonly finally: { do: 'fail' } | { do: 'skip' } | { do: 'deadLetter'; topic: string }
}

/** What comes after a failed attempt. */
export type NextStep = { do: 'retry'; afterMs: number } | ErrorPolicy['finally']

const NUMBERS = { retries: 3, backoffMs: 1000, factor: 2, maxBackoffMs: 30_000, jitter: 0.1 }
const KNOWN = [...Object.keys(NUMBERS), 'deadLetter']

/** Fills in the defaults; throws `InvalidOption` that says what is wrong. */
export function errorPolicy(given: OnError): ErrorPolicy {
  if (given === 'fail' || given === 'skip') return { ...NUMBERS, retries: 0, finally: { do: given } }
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new InvalidOption('INVALID_OPTION', `onError must be 'fail', 'skip' or { retries, … }, not ${given}.`)
  }
  const unknown = Object.keys(given).find((name) => !KNOWN.includes(name))
  if (unknown !== undefined) {
    throw new InvalidOption('UNKNOWN_OPTION', `onError has no ${unknown}; it has ${KNOWN.join(', ')}.`)
  }
  const number = (name: keyof typeof NUMBERS, min: number, max = Infinity): number => {
    const value = given[name] ?? NUMBERS[name]
    if (typeof value === 'number' && value >= min && value <= max) return value
    const range = max === Infinity ? `${min} or more` : `from ${min} to ${max}`
    throw new InvalidOption('INVALID_OPTION', `onError.${name} must be a number, ${range}, not ${String(value)}.`)
  }
  const { deadLetter } = given
  if (deadLetter !== undefined && (typeof deadLetter !== 'string' || deadLetter === '')) {
    throw new InvalidOption('INVALID_OPTION', `onError.deadLetter must be a topic, not ${String(deadLetter)}.`)
  }
  return {
    retries: number('retries', 0),
    backoffMs: number('backoffMs', 0),
    factor: number('factor', 1),
    maxBackoffMs: number('maxBackoffMs', 0),
    jitter: number('jitter', 0, 1),
    finally: deadLetter === undefined ? { do: 'fail' } : { do: 'deadLetter', topic: deadLetter },
  }
}

/**
 * What comes after attempt number `attempt`, counted from 1, failed with `error`. One whose `retriable` is false is not
 * worth another attempt.
 */
export function nextStep(policy: ErrorPolicy, attempt: number, error: unknown, random: Random): NextStep {
  const useless = (error as { retriable?: unknown } | null | undefined)?.retriable === false
  if (useless || attempt > policy.retries) return policy.finally
  const { backoffMs: baseMs, maxBackoffMs: maxMs, factor, jitter } = policy
  return { do: 'retry', afterMs: backoff(attempt - 1, { baseMs, maxMs, factor, jitter }, random) }
}

/** How one attempt is bounded. */
export interface AttemptLimits {
  clock: Clock
  /** Default: as long as it takes. */
  timeoutMs: number | undefined
  /** Gives it up: whoever runs handlers has no more time. */
  signal: AbortSignal
}

/**
 * Calls a handler with a signal that fires when its time is over, and settles as it does. A handler that has not ended
 * when its time is over again is given up with an error that is not retriable: it may still run, and not twice at once.
 */
export async function attempt(
  handler: (signal: AbortSignal) => unknown,
  { clock, timeoutMs, signal }: AttemptLimits,
): Promise<void> {
  if (timeoutMs === undefined) {
    await handler(signal)
    return
  }
  const own = new AbortController()
  const pass = () => own.abort(signal.reason)
  if (signal.aborted) pass()
  else signal.addEventListener('abort', pass, { once: true })
  let giveUp: (error: Timeout) => void = () => {}
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = reject
  })
  let timer = clock.after(timeoutMs, () => {
    own.abort(late(timeoutMs, true))
    timer = clock.after(timeoutMs, () => giveUp(late(timeoutMs, false)))
  })
  try {
    await Promise.race([givenUp, handler(own.signal)])
    // It ended because it was told to, or without noticing: either way it took too long.
    if (own.signal.aborted && !signal.aborted) throw own.signal.reason
  } finally {
    timer.cancel()
    signal.removeEventListener('abort', pass)
  }
}

function late(timeoutMs: number, retriable: boolean): Timeout {
  const what = retriable ? 'The handler had not ended' : 'The handler had not ended, nor heeded its signal,'
  return new Timeout('HANDLER_TIMED_OUT', `${what} after ${retriable ? timeoutMs : 2 * timeoutMs} ms.`, { retriable })
}
