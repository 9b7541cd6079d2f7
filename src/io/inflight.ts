// The order of requests on one connection: a queue, then a window of those written and not yet answered. [I/O thread]
import { MillraceError, ProtocolViolation } from '../base/errors.ts'
import type { Exchange } from './exchange.ts'

/** A queue longer than this is a runaway caller, not load. */
const WAITING_MAX = 10_000

/** A broker answers in the order it was asked; so the head of the window is whose answer comes next. */
export class Inflight {
  readonly #broker: string
  readonly #windowMax: number
  /** Those of the handshake go first. */
  #early: Exchange[] = []
  #waiting: Exchange[] = []
  #written: Exchange[] = []
  #nextCorrelationId: number

  constructor(broker: string, windowMax: number, firstCorrelationId: number) {
    this.#broker = broker
    this.#windowMax = windowMax
    this.#nextCorrelationId = firstCorrelationId | 0
  }

  /** Nothing waits, and nothing waits for an answer. */
  get idle(): boolean {
    return this.#written.length + this.#waiting.length + this.#early.length === 0
  }

  get writtenCount(): number {
    return this.#written.length
  }

  get waitingCount(): number {
    return this.#waiting.length + this.#early.length
  }

  /** The exchange whose answer comes next. */
  get head(): Exchange | undefined {
    return this.#written[0]
  }

  add(exchange: Exchange, early: boolean): void {
    if (this.#waiting.length >= WAITING_MAX) {
      const text = `${WAITING_MAX} requests wait for ${this.#broker} already; ${exchange.plan.api} was refused.`
      throw new MillraceError('BACKLOG_FULL', text, { broker: this.#broker, retriable: true })
    }
    const queue = early ? this.#early : this.#waiting
    queue.push(exchange)
  }

  /** The next one to write, with its correlation id, if the window has room; `earlyOnly`: only of the handshake. */
  next(earlyOnly: boolean): Exchange | undefined {
    if (this.#written.length >= this.#windowMax) return undefined
    const exchange = this.#early.shift() ?? (earlyOnly ? undefined : this.#waiting.shift())
    if (exchange === undefined) return undefined
    exchange.correlationId = this.#nextCorrelationId
    // An int32 on the wire: after 2^31 - 1 comes -2^31, as brokers expect.
    this.#nextCorrelationId = (this.#nextCorrelationId + 1) | 0
    return exchange
  }

  written(exchange: Exchange): void {
    exchange.written = true
    if (exchange.plan.answered) this.#written.push(exchange)
  }

  /** Whose answer this is; throws when nobody asked, or somebody else did first. */
  answered(correlationId: number): Exchange {
    const head = this.#written[0]
    if (head === undefined) {
      const text = `${this.#broker} sent a response (correlation id ${correlationId}) that nothing asked for.`
      throw new ProtocolViolation('UNEXPECTED_RESPONSE', text, { broker: this.#broker })
    }
    if (head.correlationId !== correlationId) {
      const due = `where ${head.correlationId} (${head.name}) was due`
      const text = `${this.#broker} answered with correlation id ${correlationId} ${due}; the connection was closed.`
      throw new ProtocolViolation('CORRELATION_MISMATCH', text, { broker: this.#broker })
    }
    return head
  }

  /** The head's answer is complete. */
  finish(): Exchange {
    return this.#written.shift()!
  }

  /** Takes a waiting exchange out; false if it is not waiting. */
  remove(exchange: Exchange): boolean {
    for (const queue of [this.#waiting, this.#early]) {
      const at = queue.indexOf(exchange)
      if (at >= 0) {
        queue.splice(at, 1)
        return true
      }
    }
    return false
  }

  /** Empties everything, in order: what was written first. */
  drain(): Exchange[] {
    const all = [...this.#written, ...this.#early, ...this.#waiting]
    this.#written = []
    this.#early = []
    this.#waiting = []
    return all
  }
}
