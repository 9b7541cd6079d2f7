// One connection to one broker: handshake, versions, requests and their answers. [I/O thread]
import type { Clock, Timer } from '../base/clock.ts'
import {
  Closed,
  Disconnected,
  type ErrorClass,
  errorOf,
  MillraceError,
  ProtocolViolation,
  QuotaExceeded,
  Timeout,
} from '../base/errors.ts'
import { formatAddress } from '../base/tcp.ts'
import type { Address, Transport } from '../base/transport.ts'
import type { ApiName, RequestInput, ResponseOf } from '../protocol/apis.ts'
import { decodeResponse, encodeRequest } from '../protocol/frame.ts'
import { type BodySink, BufferSink } from './body-sink.ts'
import { abortError, type EncodedRequest, type Exchange } from './exchange.ts'
import type { IoEvent } from './io-event.ts'
import type { IoOptions } from './io-options.ts'
import { Link } from './link.ts'
import { type Negotiated, negotiate } from './negotiate.ts'
import type { Answer, RequestBody, RequestOptions, SendOptions } from './request-options.ts'
import { pickVersion, type VersionWish } from './version-range.ts'

/** What connections share. */
export interface ConnectionHost {
  transport: Transport
  clock: Clock
  options: IoOptions
  /** Runs after the negotiation and before any request; rejects to refuse the connection. */
  authenticate?: ((handshake: Handshake) => Promise<void>) | undefined
  onEvent?: ((event: IoEvent) => void) | undefined
  /** Default 1, not 0: an HTTP/2 server's first frame reads as an answer with correlation id 0. */
  firstCorrelationId?: number | undefined
}

/** What an authenticator may use of a connection that is not ready yet. */
export interface Handshake {
  readonly broker: string
  readonly address: Address
  request<A extends ApiName>(api: A, body: RequestBody<A>, options?: RequestOptions): Promise<Answer<A>>
}

/** Whom a connection tells about itself. */
export interface ConnectionEvents {
  ready?(): void
  /** Once, when it is over; without `ready` before it, if it never became usable. */
  closed?(error: MillraceError): void
}

/** Opens at once; requests made before it is ready wait for that. */
export class Connection {
  readonly address: Address
  /** `host:port`, as errors name it. */
  readonly broker: string
  readonly #host: ConnectionHost
  readonly #events: ConnectionEvents
  readonly #link: Link
  readonly #setupTimer: Timer
  #ready = false
  #negotiated: Negotiated | undefined

  constructor(address: Address, host: ConnectionHost, events: ConnectionEvents = {}) {
    const { transport, clock, options } = host
    this.address = address
    this.broker = formatAddress(address)
    this.#host = host
    this.#events = events
    this.#setupTimer = clock.after(options.connectTimeoutMs, () => this.#setupTimeout())
    this.#link = new Link({
      address,
      broker: this.broker,
      transport,
      clock,
      options,
      firstCorrelationId: host.firstCorrelationId ?? 1,
      connected: () => void this.#handshake(),
      over: (error) => {
        this.#ready = false
        this.#setupTimer.cancel()
        this.#events.closed?.(error)
      },
    })
  }

  /** Usable: connected, versions known, authenticated. */
  get ready(): boolean {
    // While it fails its exchanges end one by one, and their owners may look for a connection already.
    return this.#ready && this.error === undefined
  }

  /** Why it is over, once it is. */
  get error(): MillraceError | undefined {
    return this.#link.error
  }

  /** The broker's ApiVersions answer, once negotiated: features (KIP-584) are in it. */
  get versions(): ResponseOf<'ApiVersions'> | undefined {
    return this.#negotiated?.answer
  }

  /** Requests written and not answered yet. */
  get inFlightCount(): number {
    return this.#link.inFlightCount
  }

  /** The version a request would use; throws `UnsupportedVersion`. Only once it is ready. */
  versionOf(api: ApiName, wish: VersionWish = {}): number {
    return pickVersion(api, this.#negotiated?.ranges ?? new Map(), wish, this.broker)
  }

  /** Sends a request and resolves to its decoded answer; `maybeSent` tells whether one that failed may have left. */
  async request<A extends ApiName>(api: A, body: RequestBody<A>, options: RequestOptions = {}): Promise<Answer<A>> {
    return this.#request(api, body, options, false)
  }

  /**
   * Sends a request whose answer goes to a sink, and returns its version. The body is an input for the codec, or
   * pieces encoded already, whose correlation id is filled in. Throws what is wrong at once, without a call to the
   * sink. Only on a connection that is ready.
   */
  send<A extends ApiName>(
    api: A,
    body: RequestBody<A> | EncodedRequest,
    sink: BodySink,
    options: SendOptions = {},
  ): number {
    if (this.error !== undefined) throw this.error
    if (!this.#ready)
      throw new Disconnected('NOT_SENT', `${this.broker} is not connected yet.`, { broker: this.broker })
    if (options.signal?.aborted) throw abortError(options.signal, api)
    const encoded = 'pieces' in body ? (body as EncodedRequest) : undefined
    const version = encoded?.version ?? this.versionOf(api, options)
    this.#add(api, options, sink, false, (correlationId) =>
      encoded === undefined
        ? this.#encode(api, version, body as RequestBody<A>, correlationId)
        : stamped(encoded, correlationId),
    )
    return version
  }

  /** Asks the sink whose `begin` returned false again, and reads on if it has room now. */
  resumeBody(): void {
    this.#link.resumeBody()
  }

  /** Keeps silent towards the broker (KIP-219). `request` does so by itself; who reads from a sink calls this. */
  throttle(askedMs: number, api: ApiName): void {
    if (askedMs <= 0 || this.error !== undefined) return
    const appliedMs = this.#link.mute(askedMs)
    const { broker } = this
    const text = `${broker} asks for ${askedMs} ms of silence after ${api}; ${appliedMs} ms are kept (throttleMaxMs).`
    const error = appliedMs < askedMs ? new QuotaExceeded('THROTTLED', text, { broker }) : undefined
    this.#host.onEvent?.({ type: 'throttled', broker, api, askedMs, appliedMs, error })
  }

  /** Closes at once; what is under way fails with this error (default `Closed`). */
  close(error?: MillraceError): void {
    this.#link.fail(
      error ?? new Closed('CLOSED', `The connection to ${this.broker} was closed.`, { broker: this.broker }),
    )
  }

  async #handshake(): Promise<void> {
    try {
      this.#negotiated = await negotiate((version, body) => this.#askVersions(version, body), this.broker)
      await this.#host.authenticate?.({
        broker: this.broker,
        address: this.address,
        request: async (api, body, options = {}) => this.#request(api, body, options, true),
      })
    } catch (error) {
      this.#link.fail(named(error, this.broker))
      return
    }
    if (this.error !== undefined) return
    this.#ready = true
    this.#setupTimer.cancel()
    this.#events.ready?.()
    this.#link.open()
  }

  #setupTimeout(): void {
    const { broker } = this
    const { connectTimeoutMs } = this.#host.options
    const text = `${broker} was not usable within connectTimeoutMs (${connectTimeoutMs} ms): ${this.#silence()}.`
    this.#link.fail(new Timeout('CONNECT_TIMEOUT', text, { broker, retriable: true }))
  }

  #silence(): string {
    if (this.#negotiated !== undefined) return 'it did not finish the authentication'
    return this.inFlightCount > 0 ? 'it accepted the connection but did not answer' : 'it did not accept the connection'
  }

  #askVersions(version: number, body: RequestInput<'ApiVersions'>): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      const sink = new BufferSink(
        () => exchange.correlationId,
        (bytes, error) => (error === undefined ? resolve(bytes) : reject(error)),
      )
      const encode = (correlationId: number) => this.#encode('ApiVersions', version, body, correlationId)
      const exchange = this.#add('ApiVersions', {}, sink, true, encode)
    })
  }

  #request<A extends ApiName>(
    api: A,
    body: RequestBody<A>,
    options: RequestOptions,
    handshake: boolean,
  ): Promise<Answer<A>> {
    if (this.error !== undefined) throw this.error
    if (options.signal?.aborted) throw abortError(options.signal, api)
    return new Promise((resolve, reject) => {
      const sink = new BufferSink(
        () => exchange.correlationId,
        (bytes, error) => {
          if (error !== undefined) reject(error)
          else this.#decode(api, exchange.version!, bytes, resolve, reject)
        },
      )
      const exchange = this.#add(api, options, sink, handshake, (correlationId) =>
        this.#encode(api, this.versionOf(api, options), body, correlationId),
      )
    })
  }

  #decode<A extends ApiName>(
    api: A,
    version: number,
    bytes: Uint8Array,
    resolve: (answer: Answer<A>) => void,
    reject: (error: MillraceError) => void,
  ): void {
    let body: ResponseOf<A>
    try {
      body = decodeResponse(api, version, bytes)
    } catch (cause) {
      const error = named(cause, this.broker)
      reject(error)
      this.#link.fail(error)
      return
    }
    const { throttleTimeMs } = body as { throttleTimeMs?: number }
    if (throttleTimeMs !== undefined) this.throttle(throttleTimeMs, api)
    resolve({ body, version })
  }

  #add(
    api: ApiName,
    options: SendOptions,
    sink: BodySink,
    handshake: boolean,
    encode: (correlationId: number) => EncodedRequest,
  ): Exchange {
    const { timeoutMs = this.#host.options.requestTimeoutMs, signal, sent, unanswered = false } = options
    return this.#link.add({ api, sink, timeoutMs, signal, sent, answered: !unanswered, encode }, handshake)
  }

  #encode<A extends ApiName>(api: A, version: number, body: RequestBody<A>, correlationId: number): EncodedRequest {
    const { clientId } = this.#host.options
    const input = typeof body === 'function' ? body(version) : body
    return { version, pieces: [encodeRequest(api, version, { correlationId, clientId }, input)] }
  }
}

/** The correlation id follows the length, the API key and the version. */
function stamped(request: EncodedRequest, correlationId: number): EncodedRequest {
  const head = request.pieces[0]!
  new DataView(head.buffer, head.byteOffset, head.byteLength).setInt32(8, correlationId)
  return request
}

/** The same error with the broker in it; what is not one of ours came from bytes that nobody expected. */
function named(error: unknown, broker: string): MillraceError {
  if (error instanceof MillraceError) {
    if (error.broker !== undefined) return error
    const { code, kafkaCode, retriable, fatal } = error
    const details = { kafkaCode, retriable, fatal, broker, cause: error }
    return errorOf(error.name as ErrorClass, code, `${broker}: ${error.message}`, details)
  }
  const text = `${broker}: ${error instanceof Error ? error.message : String(error)}`
  return new ProtocolViolation('BAD_RESPONSE', text, { broker, cause: error })
}
