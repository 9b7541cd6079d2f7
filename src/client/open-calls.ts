// Calls that do not outlive whom they were made for. [main thread]
import { onAbort, untilAborted } from '../base/on-abort.ts'

/** Calls under way, each with the signal of whoever waits for it; all end together. */
export class OpenCalls {
  readonly #open = new Set<AbortController>()
  #ended: { reason: unknown } | undefined

  /** Settles when the call does, or when the signal fires, or at the end of all. */
  async run<T>(signal: AbortSignal | undefined, call: (ending: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#ended !== undefined) throw this.#ended.reason
    const open = new AbortController()
    this.#open.add(open)
    const abort = () => open.abort(signal?.reason)
    if (signal?.aborted) abort()
    const unlisten = signal && onAbort(signal, abort)
    try {
      return await untilAborted(call(open.signal), open.signal)
    } finally {
      unlisten?.()
      this.#open.delete(open)
    }
  }

  /** Ends those that are under way; none is made any more. */
  end(reason: unknown): void {
    this.#ended ??= { reason }
    for (const open of this.#open) open.abort(reason)
  }
}
