// A client as small as can be: frames over a socket, one request after the other. For tests of the broker.
import { connect, type Socket } from 'node:net'
import type { ApiName, RequestInput, ResponseOf } from '../../src/protocol/apis.ts'
import { decodeResponse, encodeRequest } from '../../src/protocol/frame.ts'

/** One connection. */
export class RawClient {
  readonly socket: Socket
  readonly closed: Promise<void>
  #chunks: Buffer[] = []
  #have = 0
  #need = 4
  #correlationId = 0
  #frames: Buffer[] = []
  #waiting: ((frame: Buffer) => void)[] = []

  private constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.on('close', () => resolve()))
    socket.on('error', () => undefined)
    socket.on('data', (chunk: Buffer) => this.#received(chunk))
  }

  static async connect(address: string): Promise<RawClient> {
    const [host, port] = address.split(':')
    const socket = connect(Number(port), host)
    const client = new RawClient(socket)
    await new Promise<void>((resolve, reject) => {
      socket.once('connect', resolve)
      socket.once('error', reject)
    })
    return client
  }

  /** Sends a request and gives its answer; rejects when the connection ends first. */
  async call<A extends ApiName>(api: A, version: number, body: RequestInput<A>): Promise<ResponseOf<A>> {
    return decodeResponse(api, version, await this.callFrame(api, version, body))
  }

  /** The same, giving the answer's bytes behind the length prefix. */
  async callFrame<A extends ApiName>(api: A, version: number, body: RequestInput<A>): Promise<Buffer> {
    const correlationId = this.send(api, version, body)
    const frame = await this.nextFrame()
    if (frame.readInt32BE(0) !== correlationId) throw new Error('the answer is not to the last request')
    return frame
  }

  /** Sends without waiting; returns the correlation id. */
  send<A extends ApiName>(api: A, version: number, body: RequestInput<A>): number {
    const correlationId = ++this.#correlationId
    this.socket.write(encodeRequest(api, version, { correlationId, clientId: 'raw' }, body))
    return correlationId
  }

  nextFrame(): Promise<Buffer> {
    const ready = this.#frames.shift()
    if (ready !== undefined) return Promise.resolve(ready)
    const frame = new Promise<Buffer>((resolve) => this.#waiting.push(resolve))
    const ended = this.closed.then(() => Promise.reject(new Error('the connection ended')))
    return Promise.race([frame, ended])
  }

  close(): Promise<void> {
    this.socket.destroy()
    return this.closed
  }

  #received(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#have += chunk.length
    // Joined only when a frame is whole, or a large one would be copied once for each of its chunks.
    while (this.#have >= this.#need) {
      const bytes = Buffer.concat(this.#chunks)
      this.#chunks = [bytes]
      this.#need = 4 + bytes.readInt32BE(0)
      if (this.#have < this.#need) return
      const frame = bytes.subarray(4, this.#need)
      this.#chunks = [bytes.subarray(this.#need)]
      this.#have -= this.#need
      this.#need = 4
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#frames.push(frame)
      else waiting(frame)
    }
  }
}
