// A TCP proxy between a client and a real broker that delays, slices, swallows and cuts. [test processes]
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { type Random, seededRandom } from '../../src/base/random.ts'

/** What goes wrong while it is set; all of it may be changed at any time. */
export interface ProxyFaults {
  /** Every byte comes so much later. */
  delayMs: number
  /** And up to so much more; the order stays. */
  jitterMs: number
  /** Bytes travel in pieces of at most this size. */
  sliceBytes: number
  /** What disappears while the connection stays up (half-open): requests, answers, or both. */
  swallow: 'requests' | 'answers' | 'both' | undefined
  /** New connections are closed at once. */
  refuse: boolean
  /** A connection is cut after a random number of bytes, on average this many; Infinity: never. */
  cutEveryBytes: number
}

const calm: ProxyFaults = {
  delayMs: 0,
  jitterMs: 0,
  sliceBytes: Infinity,
  swallow: undefined,
  refuse: false,
  cutEveryBytes: Infinity,
}

type Direction = 'requests' | 'answers'

/** A listener that forwards to one address. */
export class ChaosProxy {
  /** Set what shall go wrong. */
  readonly faults: ProxyFaults = { ...calm }
  /** What disappeared until now. */
  swallowedBytes = 0
  readonly #server: Server
  readonly #target: { host: string; port: number }
  readonly #random: Random
  readonly #links = new Set<Link>()

  private constructor(server: Server, target: string, random: Random) {
    this.#server = server
    const [host = '', port] = target.split(':')
    this.#target = { host, port: Number(port) }
    this.#random = random
  }

  /** Listens on 127.0.0.1 and forwards to `target` (`host:port`); the seed is that of cuts and jitter. */
  static async start(target: string, { port = 0, seed = 1 } = {}): Promise<ChaosProxy> {
    // Also what a client ended may still have an answer on its way.
    const server = createServer({ allowHalfOpen: true })
    const proxy = new ChaosProxy(server, target, seededRandom(seed))
    server.on('connection', (client) => proxy.#accept(client))
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
    return proxy
  }

  /** Where clients connect. */
  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  get connectionCount(): number {
    return this.#links.size
  }

  /** Cuts all connections now, with a reset. */
  cut(): void {
    for (const link of [...this.#links]) link.cut()
  }

  /** The next connection that has carried so many bytes in that direction is cut right there. */
  cutAfter(bytes: number, direction: Direction): void {
    this.#cutAfter = { bytes, direction }
  }
  #cutAfter: { bytes: number; direction: Direction } | undefined

  /** Everything goes through again, as it came. */
  calm(): void {
    Object.assign(this.faults, calm)
    this.#cutAfter = undefined
  }

  async close(): Promise<void> {
    this.cut()
    const closed = once(this.#server, 'close')
    this.#server.close()
    await closed
  }

  /** How many of these bytes may still pass on this connection. */
  passing(direction: Direction, bytes: number): number {
    const { cutEveryBytes } = this.faults
    const cut = this.#cutAfter
    if (cut?.direction === direction) {
      if (bytes >= cut.bytes) {
        this.#cutAfter = undefined
        return cut.bytes
      }
      cut.bytes -= bytes
    }
    if (this.#random.next() >= 1 - Math.exp(-bytes / cutEveryBytes)) return Infinity
    return Math.floor(this.#random.next() * bytes)
  }

  /** How long the next piece waits. */
  waitMs(): number {
    return this.faults.delayMs + this.#random.next() * this.faults.jitterMs
  }

  #accept(client: Socket): void {
    if (this.faults.refuse) {
      client.resetAndDestroy()
      return
    }
    const link = new Link(this, client, connect({ ...this.#target, allowHalfOpen: true }))
    this.#links.add(link)
    link.ended.then(() => this.#links.delete(link))
  }
}

/** One connection through the proxy. */
class Link {
  readonly ended: Promise<unknown>
  readonly #proxy: ChaosProxy
  readonly #client: Socket
  readonly #broker: Socket

  constructor(proxy: ChaosProxy, client: Socket, broker: Socket) {
    this.#proxy = proxy
    this.#client = client
    this.#broker = broker
    for (const socket of [client, broker]) {
      socket.setNoDelay(true)
      socket.on('error', () => undefined)
    }
    const carried = [this.#carry('requests', client, broker), this.#carry('answers', broker, client)]
    const closed = [client, broker].map((socket) => new Promise((resolve) => socket.once('close', resolve)))
    this.ended = Promise.all([...carried, ...closed])
  }

  cut(): void {
    this.#client.resetAndDestroy()
    this.#broker.resetAndDestroy()
  }

  /** Piece after piece, each after its wait: what is behind waits as well. */
  async #carry(direction: Direction, from: Socket, to: Socket): Promise<void> {
    try {
      for await (const chunk of from as AsyncIterable<Buffer>) {
        const { swallow } = this.#proxy.faults
        if (swallow === direction || swallow === 'both') {
          this.#proxy.swallowedBytes += chunk.length
          continue
        }
        const passing = this.#proxy.passing(direction, chunk.length)
        await this.#send(chunk.subarray(0, passing), to)
        if (passing === Infinity) continue
        // A reset here could overtake the bytes that were to arrive: whoever gets them sees an end, the other a reset.
        from.resetAndDestroy()
        return void to.destroySoon()
      }
      to.end()
    } catch {
      // The other side has gone: so does this one.
      this.cut()
    }
  }

  async #send(bytes: Buffer, to: Socket): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const waitMs = this.#proxy.waitMs()
      if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs))
      const piece = bytes.subarray(at, at + this.#proxy.faults.sliceBytes)
      at += piece.length
      await new Promise<void>((resolve, reject) => {
        to.write(piece, (error) => (error ? reject(error) : resolve()))
      })
    }
  }
}
