// A broker that says what a test tells it to, over any transport. [test]
import { formatAddress } from '../../src/base/tcp.ts'
import type { Address, Listener, Socket, SocketEvents, Transport } from '../../src/base/transport.ts'
import { type ApiName, apis, type ResponseInput } from '../../src/protocol/apis.ts'
import { type DecodedRequest, decodeRequest, encodeResponse } from '../../src/protocol/frame.ts'

/** One request, and the connection it came on. */
export interface Asked<A extends ApiName = ApiName> {
  request: Extract<DecodedRequest, { api: A }>
  connection: ScriptedConnection
}

/** What a script answers: a body, raw bytes, or undefined for silence. */
export type Reply<A extends ApiName> = ResponseInput<A> | Uint8Array | undefined

/** How one API is answered. */
export type Script<A extends ApiName> = (asked: Asked<A>) => Reply<A> | Promise<Reply<A>>

/** One accepted connection. */
export interface ScriptedConnection {
  socket: Socket
  /** In the order of arrival. */
  requests: DecodedRequest[]
  write(bytes: Uint8Array): void
}

/** Listens; answers ApiVersions by itself unless told otherwise. */
export class ScriptedBroker {
  readonly connections: ScriptedConnection[] = []
  /** All requests of all connections, in the order of arrival. */
  readonly requests: DecodedRequest[] = []
  /** The ranges that ApiVersions tells; APIs taken out are not offered. */
  readonly versions = new Map<ApiName, readonly [number, number]>()
  readonly #scripts = new Map<ApiName, Script<ApiName>>()
  #listener: Listener | undefined

  constructor() {
    for (const [name, { request }] of Object.entries(apis)) this.versions.set(name as ApiName, request.versions)
    this.on('ApiVersions', () => this.versionsAnswer())
  }

  static async start(transport: Transport, address: Address = { host: 'broker', port: 0 }): Promise<ScriptedBroker> {
    const broker = new ScriptedBroker()
    await broker.listen(transport, address)
    return broker
  }

  get address(): Address {
    return this.#listener!.address
  }

  get name(): string {
    return formatAddress(this.address)
  }

  async listen(transport: Transport, address: Address): Promise<void> {
    this.#listener = await transport.listen(address, (socket) => this.#accept(socket))
  }

  on<A extends ApiName>(api: A, script: Script<A>): this {
    this.#scripts.set(api, script as unknown as Script<ApiName>)
    return this
  }

  versionsAnswer(): ResponseInput<'ApiVersions'> {
    const apiKeys = [...this.versions].map(([name, [minVersion, maxVersion]]) => {
      return { apiKey: apis[name].key, minVersion, maxVersion }
    })
    return { apiKeys }
  }

  /** The requests of one API. */
  asked<A extends ApiName>(api: A): Extract<DecodedRequest, { api: A }>[] {
    return this.requests.filter((request) => request.api === api) as Extract<DecodedRequest, { api: A }>[]
  }

  close(): Promise<void> {
    return this.#listener!.close()
  }

  #accept(socket: Socket): SocketEvents {
    const connection: ScriptedConnection = {
      socket,
      requests: [],
      write: (bytes) => socket.write([bytes]),
    }
    this.connections.push(connection)
    const room = new Uint8Array(4096)
    let received = Buffer.alloc(0)
    return {
      buffer: () => room,
      received: (count) => {
        received = Buffer.concat([received, room.subarray(0, count)])
        while (received.length >= 4 && received.length >= 4 + received.readInt32BE(0)) {
          const sizeBytes = received.readInt32BE(0)
          const frame = received.subarray(4, 4 + sizeBytes)
          received = received.subarray(4 + sizeBytes)
          void this.#answer(frame, connection)
        }
        return true
      },
      closed: () => {},
    }
  }

  async #answer(frame: Uint8Array, connection: ScriptedConnection): Promise<void> {
    const request = decodeRequest(frame)
    this.requests.push(request)
    connection.requests.push(request)
    const { api, version, correlationId } = request
    const reply = await this.#scripts.get(api)?.({ request, connection } as Asked)
    if (reply === undefined) return
    connection.write(
      reply instanceof Uint8Array
        ? reply
        : encodeResponse(api, version, correlationId, reply as ResponseInput<ApiName>),
    )
  }
}
