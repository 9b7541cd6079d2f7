// The bound of one call: a time, and the signals that end it earlier. [I/O thread]
import type { Clock, Timer } from '../base/clock.ts'
import { type MillraceError, Timeout } from '../base/errors.ts'
import { onAbort } from '../base/on-abort.ts'
import { abortError } from './exchange.ts'

/** How a deadline is set. */
export interface DeadlinePlan {
  clock: Clock
  timeoutMs: number
  /** What takes that long, for the error: 'ListOffsets for 3 partitions'. */
  what: string
  /** Any of them ends the call; undefined ones are left out. */
  signals: readonly (AbortSignal | undefined)[]
  /** Why nothing came of it, if nothing else was noted. */
  lastError?: () => MillraceError | undefined
}

/** Must be disposed of, or its timer stays. */
export class Deadline {
  readonly #plan: DeadlinePlan
  readonly #controller = new AbortController()
  readonly #endMs: number
  readonly #timer: Timer | undefined
  readonly #removers: (() => void)[] = []
  #lastError: MillraceError | undefined

  constructor(plan: DeadlinePlan) {
    this.#plan = plan
    this.#endMs = plan.clock.now() + plan.timeoutMs
    if (plan.timeoutMs !== Number.POSITIVE_INFINITY) {
      this.#timer = plan.clock.after(plan.timeoutMs, () => this.#controller.abort(this.#timeout()))
    }
    for (const signal of plan.signals) if (signal !== undefined) this.#follow(signal)
  }

  /** Fires at the end of the time, or with one of the signals; its reason is a MillraceError. */
  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The whole time, as it was set. */
  get timeoutMs(): number {
    return this.#plan.timeoutMs
  }

  /** In whole milliseconds, as they stand in the errors of what is given no more than these. */
  get leftMs(): number {
    return Math.max(0, Math.ceil(this.#endMs - this.#plan.clock.now()))
  }

  /** Remembers the error that a timeout will give as its cause. */
  note(error: MillraceError): void {
    this.#lastError = error
  }

  /** The promise, unless the deadline comes first. */
  race<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this
    return new Promise<T>((resolve, reject) => {
      const ended = () => reject(signal.reason)
      if (signal.aborted) {
        promise.catch(() => {})
        ended()
        return
      }
      const remove = onAbort(signal, ended)
      promise.then(resolve, reject).finally(remove)
    })
  }

  /** Waits, unless the deadline comes first; a wait that would reach beyond it ends with it. */
  sleep(delayMs: number): Promise<void> {
    let timer: Timer | undefined
    const slept = new Promise<void>((resolve) => {
      timer = this.#plan.clock.after(delayMs, resolve)
    })
    return this.race(slept).finally(() => timer?.cancel())
  }

  dispose(): void {
    this.#timer?.cancel()
    for (const remove of this.#removers) remove()
  }

  #follow(signal: AbortSignal): void {
    const ended = () => this.#controller.abort(abortError(signal, this.#plan.what))
    if (signal.aborted) {
      ended()
      return
    }
    this.#removers.push(onAbort(signal, ended))
  }

  #timeout(): Timeout {
    const { what, timeoutMs } = this.#plan
    const last = this.#lastError ?? this.#plan.lastError?.()
    const reason = last === undefined ? '' : ` Last error: ${last.message}`
    const text = `${what} did not succeed within ${timeoutMs} ms.${reason}`
    const { broker, topic, partition } = last ?? {}
    return new Timeout('API_TIMEOUT', text, { retriable: true, broker, topic, partition, cause: last })
  }
}
