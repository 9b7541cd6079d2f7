// Questions from main that the I/O thread answers, each bounded in time. [main thread]

import type { Clock } from '../base/clock.ts'
import { fromWire, type MillraceError, Timeout, type WireError } from '../base/errors.ts'
import type { Call, CallResults, SpillPort, ToIo } from '../control/commands.ts'

/** How long a call may take, and who may give it up. */
export interface CallLimits {
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/** The I/O thread ends a call by itself at its limit; main waits this much longer before it calls that a hang. */
const GRACE_MS = 2_000

interface Pending {
  resolve(result: never): void
  reject(error: unknown): void
}

/** Calls in flight. Each settles exactly once: by its answer, its limit, its signal, or the end of the I/O thread. */
export class Calls {
  readonly #post: (message: ToIo, transfer?: SpillPort[]) => void
  readonly #clock: Clock
  readonly #pending = new Map<number, Pending>()
  #nextId = 1

  constructor(post: (message: ToIo, transfer?: SpillPort[]) => void, clock: Clock) {
    this.#post = post
    this.#clock = clock
  }

  /** Asks; rejects with the error that the I/O thread met. */
  call<C extends Call>(call: C, { timeoutMs, signal }: CallLimits): Promise<CallResults[C['op']]> {
    signal?.throwIfAborted()
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const cancel = (error: unknown) => {
        this.#post({ type: 'cancel', id })
        settle()
        reject(error)
      }
      const late = () => cancel(new Timeout('CALL_TIMED_OUT', `${call.op} had no answer within ${timeoutMs} ms`))
      const aborted = () => cancel(signal?.reason)
      const timer = this.#clock.after(timeoutMs + GRACE_MS, late)
      const settle = () => {
        timer.cancel()
        signal?.removeEventListener('abort', aborted)
        this.#pending.delete(id)
      }
      signal?.addEventListener('abort', aborted, { once: true })
      this.#pending.set(id, {
        resolve: (result) => {
          settle()
          resolve(result)
        },
        reject: (error) => {
          settle()
          reject(error)
        },
      })
      const port = call.op === 'addWorker' ? call.spills : undefined
      this.#post({ type: 'call', id, timeoutMs, call }, port === undefined ? [] : [port])
    })
  }

  /** The answer came; a late one finds nobody. */
  answered(id: number, result: unknown, error: WireError | undefined): void {
    const pending = this.#pending.get(id)
    if (error === undefined) pending?.resolve(result as never)
    else pending?.reject(fromWire(error))
  }

  /** No answer will come any more. */
  failAll(error: MillraceError): void {
    for (const pending of [...this.#pending.values()]) pending.reject(error)
  }
}
