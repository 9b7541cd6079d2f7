// One request and its answer, from the queue to the end. [I/O thread]
import type { Timer } from '../base/clock.ts'
import { Closed, MillraceError } from '../base/errors.ts'
import { onAbort } from '../base/on-abort.ts'
import type { ApiName } from '../protocol/apis.ts'
import type { BodySink } from './body-sink.ts'

/** A request as it goes over the wire: the pieces of its frame, of which the first holds at least length and header. */
export interface EncodedRequest {
  version: number
  pieces: Uint8Array[]
}

/** What an exchange consists of. */
export interface ExchangePlan {
  api: ApiName
  sink: BodySink
  timeoutMs: number
  signal: AbortSignal | undefined
  /** False for a Produce with acks 0: there is no answer, the exchange ends when the bytes are sent. */
  answered: boolean
  /** Called just before the request is written, when the versions of the broker are known; throws to refuse. */
  encode(correlationId: number): EncodedRequest
  /** The transport needs the pieces no more. */
  sent: (() => void) | undefined
}

/** Waiting -> written -> over. */
export class Exchange {
  readonly plan: ExchangePlan
  correlationId = 0
  version: number | undefined
  /** At least a part of the request may have reached the broker. */
  written = false
  timer: Timer | undefined
  #sink: BodySink
  #over = false
  readonly #unlisten: (() => void) | undefined

  /** `aborted` is called when the signal fires before the end. */
  constructor(plan: ExchangePlan, aborted: (exchange: Exchange, error: MillraceError) => void) {
    this.plan = plan
    this.#sink = plan.sink
    const { signal, api } = plan
    if (signal !== undefined) this.#unlisten = onAbort(signal, () => aborted(this, abortError(signal, api)))
  }

  /** Where the body goes. */
  get sink(): BodySink {
    return this.#sink
  }

  get over(): boolean {
    return this.#over
  }

  /** `Fetch v17`, or `Fetch` while no version was chosen. */
  get name(): string {
    return this.version === undefined ? this.plan.api : `${this.plan.api} v${this.version}`
  }

  /** Settles it, the first time; later ends are ignored. */
  end(error: MillraceError | undefined): void {
    this.timer?.cancel()
    this.timer = undefined
    if (this.#over) return
    this.#over = true
    this.#unlisten?.()
    // The owner of the pieces waits for both, `sent` and the end.
    if (!this.written) this.plan.sent?.()
    this.#sink.end(error)
  }

  /** Settles it with an error while its answer is still to come, which then goes to `rest`. */
  abandon(error: MillraceError, rest: BodySink): void {
    const timer = this.timer
    this.timer = undefined
    this.end(error)
    // The broker still has to answer in time, or the connection is hanging.
    this.timer = timer
    this.#sink = rest
  }
}

/** The error of a call whose signal fired: the signal's reason if it is one of ours. */
export function abortError(signal: AbortSignal, what: string): MillraceError {
  const { reason } = signal
  if (reason instanceof MillraceError) return reason
  return new Closed('ABORTED', `${what} was aborted by its signal.`, { cause: reason })
}
