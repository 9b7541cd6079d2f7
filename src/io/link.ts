// The lower half of a connection: a socket, its frames, and the exchanges under way on it. [I/O thread]
import type { Clock, Timer } from '../base/clock.ts'
import { Disconnected, MillraceError, Timeout } from '../base/errors.ts'
import type { Address, Socket, Transport } from '../base/transport.ts'
import { DiscardSink } from './body-sink.ts'
import { lossFor, lossOf } from './connection-loss.ts'
import { Exchange, type ExchangePlan } from './exchange.ts'
import { foreignAnswer } from './foreign-answer.ts'
import { FrameReader } from './frame-reader.ts'
import { Inflight } from './inflight.ts'
import type { IoOptions } from './io-options.ts'
import { Throttle } from './throttle.ts'

/** Before the handshake is over no answer is longer (proposed in KAFKA-4493): nobody has shown yet who they are. */
const HANDSHAKE_RESPONSE_BYTES_MAX = 1_048_576
/** A body that grows by this much within the request time-out is slow, not stuck. */
const PROGRESS_BYTES_MIN = 65_536

/** What a link is made with. */
export interface LinkPlan {
  address: Address
  broker: string
  transport: Transport
  clock: Clock
  options: IoOptions
  firstCorrelationId: number
  connected(): void
  /** Once. Every exchange has failed by then. */
  over(error: MillraceError): void
}

/** Knows frames and their order, not what they mean. */
export class Link {
  readonly #plan: LinkPlan
  readonly #reader: FrameReader
  readonly #inflight: Inflight
  readonly #throttle: Throttle
  #socket: Socket | undefined
  /** What may be written: nothing before the socket is up, then the handshake, then everything. */
  #gate: 'shut' | 'handshake' | 'open' = 'shut'
  #error: MillraceError | undefined
  /** The exchange into whose memory the transport may still write, and how it ends once that is over. */
  #exposed: { exchange: Exchange; error: MillraceError } | undefined
  #idleTimer: Timer | undefined
  #usedAtMs = 0
  #receivedBytes = 0

  constructor(plan: LinkPlan) {
    this.#plan = plan
    this.#inflight = new Inflight(plan.broker, plan.options.maxInFlight, plan.firstCorrelationId)
    this.#throttle = new Throttle(plan.clock, plan.options.throttleMaxMs, () => this.#pump())
    this.#reader = new FrameReader({
      checkLength: (first) => this.#checkLength(first),
      frame: (correlationId) => this.#inflight.answered(correlationId).sink,
      frameEnd: () => this.#frameEnd(),
    })
    this.#connect()
  }

  /** Why it is over, once it is. */
  get error(): MillraceError | undefined {
    return this.#error
  }

  get inFlightCount(): number {
    return this.#inflight.writtenCount
  }

  /** The handshake is over: requests may be written, and the link is closed when idle for too long. */
  open(): void {
    this.#gate = 'open'
    this.#usedAtMs = this.#plan.clock.now()
    this.#watchIdle(this.#plan.options.connectionsMaxIdleMs)
    this.#pump()
  }

  /** Queues an exchange, one of the handshake before all others. The link must not be over. */
  add(plan: ExchangePlan, handshake: boolean): Exchange {
    const exchange = new Exchange(plan, (aborted, error) => this.#abort(aborted, error))
    this.#inflight.add(exchange, handshake)
    this.#pump()
    return exchange
  }

  /** Writes nothing for a while; returns for how long. */
  mute(askedMs: number): number {
    return this.#throttle.mute(askedMs)
  }

  resumeBody(): void {
    if (this.#error !== undefined) return
    this.#guard(() => {
      const goOn = this.#reader.resume()
      if (goOn) this.#socket?.resume()
      return goOn
    })
  }

  /** Ends it: cuts the socket and fails all exchanges, `culprit` with the error, others with what it means for them. */
  fail(error: MillraceError, culprit?: Exchange): void {
    if (this.#error !== undefined) return
    this.#error = error
    const established = this.#gate === 'open'
    this.#gate = 'shut'
    this.#throttle.cancel()
    this.#idleTimer?.cancel()
    const head = this.#inflight.head
    for (const exchange of this.#inflight.drain()) {
      // A request made before the link was usable fails for the reason that it never was.
      const itself = exchange === culprit || (!established && !exchange.written) || error.name === 'Closed'
      const its = itself ? error : lossFor(exchange, this.#plan.broker, error)
      if (exchange === head && this.#reader.sinkIsExposed && !exchange.sink.expendable) {
        this.#exposed = { exchange, error: its }
      } else {
        exchange.end(its)
      }
    }
    this.#socket?.destroy()
    this.#plan.over(error)
  }

  #connect(): void {
    const { transport, address, broker, clock } = this.#plan
    try {
      this.#socket = transport.connect(address, {
        connected: () => {
          if (this.#error !== undefined) return
          this.#gate = 'handshake'
          this.#plan.connected()
          this.#pump()
        },
        buffer: () => this.#buffer(),
        received: (count) => this.#received(count),
        closed: (error) => this.#closed(error),
      })
    } catch (cause) {
      // A port out of range, for example. Told in an event of its own: the owner is not there yet.
      const error = lossOf(broker, cause instanceof Error ? cause : new Error(String(cause)), false)
      clock.after(0, () => this.fail(error))
    }
  }

  #pump(): void {
    if (this.#gate === 'shut' || this.#throttle.muted) return
    for (let next = this.#next(); next !== undefined; next = this.#next()) this.#write(next)
  }

  #next(): Exchange | undefined {
    return this.#gate === 'shut' ? undefined : this.#inflight.next(this.#gate === 'handshake')
  }

  #write(exchange: Exchange): void {
    const { plan } = exchange
    let pieces: Uint8Array[]
    try {
      const encoded = plan.encode(exchange.correlationId)
      exchange.version = encoded.version
      pieces = encoded.pieces
    } catch (error) {
      exchange.end(asOurs(error))
      return
    }
    this.#usedAtMs = this.#plan.clock.now()
    this.#inflight.written(exchange)
    this.#watch(exchange)
    this.#socket!.write(pieces, () => {
      plan.sent?.()
      // Nobody else ends it: it is not among those that wait for an answer.
      if (!plan.answered) exchange.end(this.#error && lossFor(exchange, this.#plan.broker, this.#error))
    })
  }

  /** Starts the request time-out. It goes on as long as we do not read, or a long body is making progress. */
  #watch(exchange: Exchange): void {
    const { clock, broker } = this.#plan
    const { timeoutMs } = exchange.plan
    const receivedBytes = this.#receivedBytes
    exchange.timer = clock.after(timeoutMs, () => {
      if (this.#reader.stopped || this.#receivedBytes - receivedBytes >= PROGRESS_BYTES_MIN) {
        this.#watch(exchange)
        return
      }
      const so = 'The request was sent and may have been carried out; the connection was closed.'
      const text = `${exchange.name} to ${broker} got no answer within ${timeoutMs} ms. ${so}`
      this.fail(new Timeout('REQUEST_TIMEOUT', text, { broker, retriable: true }), exchange)
    })
  }

  #abort(exchange: Exchange, error: MillraceError): void {
    if (this.#inflight.remove(exchange)) {
      exchange.end(error)
      return
    }
    if (exchange.sink.expendable) {
      exchange.abandon(error, exchange.sink)
    } else if (this.#inflight.head === exchange && this.#reader.missingBytes > 0) {
      // Its body is being received right now. The transport may write into its memory until the next bytes are here.
      if (this.#reader.sinkIsExposed) this.#exposed = { exchange, error }
      else this.#abandonBody(exchange, error)
    } else {
      exchange.abandon(error, new DiscardSink())
    }
  }

  #abandonBody(exchange: Exchange, error: MillraceError): void {
    const rest = new DiscardSink()
    this.#reader.redirect(rest)
    exchange.abandon(error, rest)
    this.resumeBody()
  }

  #buffer(): Uint8Array {
    // Asked for right after the callback in which it failed; the sinks are gone, and nothing more is taken.
    if (this.#error !== undefined) return new Uint8Array(1)
    try {
      return this.#reader.buffer()
    } catch (error) {
      this.fail(asOurs(error), this.#inflight.head)
      return new Uint8Array(1)
    }
  }

  #received(count: number): boolean {
    if (this.#error !== undefined) return false
    this.#receivedBytes += count
    return this.#guard(() => {
      const goOn = this.#reader.received(count)
      // A sink may have closed the connection from within.
      if (this.#error !== undefined) return false
      const exposed = this.#exposed
      if (exposed === undefined) return goOn
      this.#exposed = undefined
      if (!exposed.exchange.over) this.#abandonBody(exposed.exchange, exposed.error)
      return goOn
    })
  }

  #checkLength(first: Uint8Array): void {
    const handshake = this.#gate !== 'open'
    const capBytes = handshake ? HANDSHAKE_RESPONSE_BYTES_MAX : this.#plan.options.maxResponseBytes
    const error = foreignAnswer(first, { broker: this.#plan.broker, capBytes, handshake })
    if (error !== undefined) throw error
  }

  #frameEnd(): void {
    if (this.#error !== undefined) return
    this.#usedAtMs = this.#plan.clock.now()
    this.#inflight.finish().end(undefined)
    this.#pump()
  }

  /** What goes wrong while reading ends the link, and the request whose answer it was. */
  #guard(read: () => boolean): boolean {
    try {
      return read()
    } catch (error) {
      this.fail(asOurs(error), this.#inflight.head)
      return false
    }
  }

  #closed(error: Error | undefined): void {
    const { broker } = this.#plan
    this.fail(lossOf(broker, error, this.#gate !== 'open'))
    const exposed = this.#exposed
    this.#exposed = undefined
    exposed?.exchange.end(exposed.error)
  }

  #watchIdle(delayMs: number): void {
    const { clock, options, broker } = this.#plan
    if (delayMs === Number.POSITIVE_INFINITY) return
    this.#idleTimer = clock.after(delayMs, () => {
      const leftMs = this.#usedAtMs + options.connectionsMaxIdleMs - clock.now()
      if (leftMs > 0 || !this.#inflight.idle) {
        this.#watchIdle(Math.max(leftMs, 1_000))
        return
      }
      const text = `The connection to ${broker} was idle for connectionsMaxIdleMs (${options.connectionsMaxIdleMs}).`
      this.fail(new Disconnected('IDLE', text, { broker, retriable: true }))
    })
  }
}

/** A mistake of our own must not take the thread down; it ends one connection and is told as what it is. */
function asOurs(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error
  const text = `millrace failed while it handled a response: ${error instanceof Error ? error.message : String(error)}`
  return new MillraceError('INTERNAL', text, { cause: error })
}
