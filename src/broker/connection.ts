// One client's connection: frames in, one request at a time, answers out in order. [broker]
import { ProtocolViolation } from '../base/errors.ts'
import type { Socket, SocketEvents } from '../base/transport.ts'
import { Reader } from '../bytes/reader.ts'
import { type ApiName, apiByKey, type RequestOf } from '../protocol/apis.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { decodeRequest, encodeResponse, type RequestHeader, readRequestHeader } from '../protocol/frame.ts'
import { type Answered, answerRequest } from './answer.ts'
import type { Node } from './cluster.ts'
import { FrameReader } from './frame-reader.ts'
import type { RequestContext } from './handler.ts'
import { versionsAnswer } from './handlers/api-versions.ts'
import type { Disconnectable, Server } from './server.ts'
import { isServed } from './versions.ts'

/** Requests that may wait behind the one in progress before the socket is read no further. */
const QUEUED_FRAMES_MAX = 16

/** Serves one socket. As a Kafka broker it takes up a request when the answer to the one before has left. */
export class Connection implements Disconnectable {
  readonly nodeId: number
  readonly #socket: Socket
  readonly #server: Server
  readonly #node: Node
  readonly #reader = new FrameReader((frame) => this.#frames.push(frame))
  readonly #frames: Uint8Array[] = []
  readonly #closedCallbacks = new Set<() => void>()
  #busy = false
  #reading = true
  #closed = false

  constructor(socket: Socket, node: Node, server: Server) {
    this.nodeId = node.id
    this.#socket = socket
    this.#node = node
    this.#server = server
    server.connections.add(this)
  }

  /** What the transport calls. */
  readonly events: SocketEvents = {
    buffer: () => this.#reader.room(),
    received: (count) => {
      if (this.#closed) return false
      if (this.#server.cutsOff(this.nodeId, count)) {
        this.disconnect()
        return false
      }
      if (!this.#reader.received(count)) {
        this.disconnect()
        return false
      }
      void this.#serveNext()
      this.#reading = this.#frames.length < QUEUED_FRAMES_MAX
      return this.#reading
    },
    closed: () => this.#close(),
  }

  disconnect(): void {
    this.#close()
    this.#socket.destroy()
  }

  #close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#server.connections.delete(this)
    this.#frames.length = 0
    for (const callback of [...this.#closedCallbacks]) callback()
    this.#closedCallbacks.clear()
  }

  async #serveNext(): Promise<void> {
    if (this.#busy || this.#closed) return
    const frame = this.#frames.shift()
    if (frame === undefined) return
    this.#busy = true
    if (!this.#reading && this.#frames.length < QUEUED_FRAMES_MAX) {
      this.#reading = true
      this.#socket.resume()
    }
    try {
      await this.#serve(frame)
    } catch (error) {
      this.#server.cluster.report(error)
      this.disconnect()
    }
  }

  async #serve(frame: Uint8Array): Promise<void> {
    const request = this.#decode(frame)
    // What is no request, or one of a version that nobody offered, costs the client its connection.
    if (request === undefined) return this.disconnect()
    const { context, body } = request
    const { api, correlationId } = context
    if (body === undefined) {
      const answer = versionsAnswer(context, ErrorCode.UNSUPPORTED_VERSION)
      return this.#send([encodeResponse('ApiVersions', 0, correlationId, answer)])
    }
    const outcome = await answerRequest(this.#server.faults, api, body, context)
    if (outcome === 'hang') return
    if (outcome === 'cut') return this.disconnect()
    if (outcome === 'silent') return this.#next()
    await this.#server.answersMayLeave()
    this.#send(outcome.pieces, outcome)
  }

  /** The request; without a body it is for a version of ApiVersions that this broker does not have (KIP-511). */
  #decode(frame: Uint8Array): { context: RequestContext; body?: RequestOf<ApiName> } | undefined {
    try {
      const header = readRequestHeader(new Reader(frame))
      const api = apiByKey(header.apiKey)?.name
      if (api === undefined) return undefined
      const context = this.#contextOf(header, api)
      if (isServed(context.versions, api, header.version)) return { context, body: decodeRequest(frame).body }
      return api === 'ApiVersions' ? { context } : undefined
    } catch (error) {
      if (error instanceof ProtocolViolation) return undefined
      throw error
    }
  }

  #send(pieces: Uint8Array[], { cutAfterBytes, answered }: Partial<Answered> = {}): void {
    if (this.#closed) return
    if (cutAfterBytes === undefined) {
      this.#socket.write(pieces, () => {
        answered?.()
        this.#next()
      })
      return
    }
    const start = Buffer.concat(pieces).subarray(0, Math.max(0, cutAfterBytes))
    if (start.length === 0) this.disconnect()
    else this.#socket.write([start], () => this.disconnect())
  }

  #next(): void {
    this.#busy = false
    void this.#serveNext()
  }

  #contextOf({ version, correlationId, clientId }: RequestHeader, api: ApiName): RequestContext {
    return {
      api,
      version,
      correlationId,
      clientId,
      cluster: this.#server.cluster,
      node: this.#node,
      peer: this.#socket.peer,
      versions: this.#server.versions,
      features: this.#server.features,
      onClosed: (callback) => {
        // A request may have been held back until its client had gone.
        if (this.#closed) queueMicrotask(callback)
        else this.#closedCallbacks.add(callback)
        return () => this.#closedCallbacks.delete(callback)
      },
      disconnect: () => this.disconnect(),
    }
  }
}
