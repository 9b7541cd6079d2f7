// What calls take that wait: for how much, how long, and what ends the wait. [main thread]
import { inspect } from 'node:util'
import { InvalidOption } from '../base/errors.ts'

/** What ends a wait. */
export interface WaitOptions {
  /** The call rejects with the signal's reason when it fires. */
  signal?: AbortSignal | undefined
}

/** How `poll` waits. */
export interface PollOptions {
  /** At most so many records; default `maxPollRecords`. */
  max?: number
  /** Gives what there is, perhaps nothing, after so long; default: waits for at least one record or the end. */
  timeoutMs?: number
  /** Ends the wait: rejects with the signal's reason, unless there are records to give. Nothing is lost. */
  signal?: AbortSignal | undefined
}

/** Checked, and complete. */
export interface Poll {
  max: number
  timeoutMs: number | undefined
  signal: AbortSignal | undefined
}

/** The signal of a call; throws its reason when it fired before. */
export function signalOf(what: string, options: WaitOptions = {}): AbortSignal | undefined {
  checkObject(what, '{ signal }', options)
  const { signal } = options
  if (signal !== undefined && !(signal instanceof AbortSignal))
    throw wrong(what, 'signal must be an AbortSignal', signal)
  signal?.throwIfAborted()
  return signal
}

/** What `poll` is to give; throws when that is nothing that can be given. */
export function pollOf(what: string, maxPollRecords: number, options: PollOptions = {}): Poll {
  checkObject(what, '{ max, timeoutMs, signal }', options)
  const { max = maxPollRecords, timeoutMs } = options
  if (!Number.isSafeInteger(max) || max < 0) throw wrong(what, 'max must be a whole number from 0 on', max)
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs >= 0)) {
    throw wrong(what, 'timeoutMs must be a number of milliseconds from 0 on', timeoutMs)
  }
  return { max, timeoutMs, signal: signalOf(what, options) }
}

function checkObject(what: string, shape: string, given: unknown): void {
  if (typeof given === 'object' && given !== null) return
  throw new InvalidOption('INVALID_OPTION', `${what} takes ${shape}, not ${inspect(given)}.`)
}

function wrong(what: string, rule: string, given: unknown): InvalidOption {
  return new InvalidOption('INVALID_OPTION', `${what}: ${rule}, not ${inspect(given)}.`)
}
