// One connection of the in-memory network: two flows of bytes and an end at each side. [simulation]
import type { Clock, Timer } from '../base/clock.ts'
import type { Socket, SocketEvents } from '../base/transport.ts'

/** What can happen to a connection; arrivals have a number of bytes. */
export type PipeEvent = 'connecting' | 'connected' | 'refused' | 'to client' | 'to server' | 'destroyed' | 'cut'

/** What a pipe asks of the network it belongs to. */
export interface PipeNetwork {
  clock: Clock
  /** How many of so many bytes arrive at once. */
  slice(queuedBytes: number): number
  delayMs(): number
  /** After how many of so many bytes the connection is cut at this arrival; undefined: it is not. */
  cutAfter(queuedBytes: number): number | undefined
  /** Whether bytes are lost on the way while the connection stays up. */
  silent(): boolean
  over(pipe: Pipe): void
  /** Something happened to the connection of this number. */
  note(what: PipeEvent, connection: number, bytes: number): void
}

interface Piece {
  bytes: Uint8Array
  sent: (() => void) | undefined
}

/** One side: what its owner is told, and the bytes on their way to it. */
interface Side {
  events: SocketEvents | undefined
  room: Uint8Array
  stopped: boolean
  /** No more bytes will be written towards it; it closes once it has read what is there. */
  ended: boolean
  over: boolean
  queue: Piece[]
  timer: Timer | undefined
}

const side = (): Side => ({
  events: undefined,
  room: new Uint8Array(0),
  stopped: false,
  ended: false,
  over: false,
  queue: [],
  timer: undefined,
})

/** A connection between a client and whoever accepts it. */
export class Pipe {
  readonly #network: PipeNetwork
  readonly #number: number
  readonly #clientName: string
  readonly #serverName: string
  readonly #client = side()
  readonly #server = side()
  #up = false

  constructor(number: number, serverName: string, network: PipeNetwork) {
    this.#number = number
    this.#clientName = `client:${number}`
    this.#serverName = serverName
    this.#network = network
  }

  /** Starts connecting. `accept` is asked on arrival: who listens, nobody (refused), or 'never' (no answer at all). */
  open(events: SocketEvents, accept: () => ((socket: Socket) => SocketEvents) | 'never' | undefined): Socket {
    const { clock } = this.#network
    const client = this.#client
    client.events = events
    this.#note('connecting')
    // As node:net does: the buffer is asked for before the connection is up.
    client.room = events.buffer()
    const arrive = () => {
      if (client.over) return
      const listener = accept()
      if (listener === 'never') return
      this.#note(listener === undefined ? 'refused' : 'connected')
      if (listener === undefined) {
        this.#end(client, refused(this.#serverName))
        this.#network.over(this)
        return
      }
      this.#up = true
      const server = this.#server
      server.events = listener(this.#socket(server, client, this.#clientName))
      if (server.over) return
      server.room = server.events.buffer()
      events.connected?.()
      this.#pump(server)
      this.#pump(client)
    }
    client.timer = clock.after(this.#network.delayMs(), () => {
      client.timer = undefined
      arrive()
    })
    return this.#socket(client, this.#server, this.#serverName)
  }

  /** Both ends lose the connection, as by a reset. */
  cut(): void {
    this.#note('cut')
    for (const one of [this.#client, this.#server]) {
      if (one.over) continue
      const error = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
      this.#end(one, error)
    }
    this.#network.over(this)
  }

  /** Bytes may flow again. */
  wake(): void {
    this.#pump(this.#client)
    this.#pump(this.#server)
  }

  #socket(own: Side, peer: Side, peerName: string): Socket {
    return {
      peer: peerName,
      write: (pieces, sent) => {
        if (own.over || peer.ended || peer.over) {
          // Lost, but given back, as node:net calls back with an error.
          if (sent !== undefined) this.#network.clock.after(0, sent)
          return
        }
        for (const [i, bytes] of pieces.entries()) {
          peer.queue.push({ bytes, sent: i === pieces.length - 1 ? sent : undefined })
        }
        this.#pump(peer)
      },
      resume: () => {
        own.stopped = false
        this.#pump(own)
      },
      destroy: () => {
        if (own.over) return
        this.#note('destroyed')
        this.#end(own, undefined)
        peer.ended = true
        this.#pump(peer)
        if (peer.over || !this.#up) this.#network.over(this)
      },
    }
  }

  /** Sets the next arrival at this side going, if there is anything to arrive. */
  #pump(to: Side): void {
    if (!this.#up || to.over || to.stopped || to.timer !== undefined) return
    if (to.queue.length === 0 && !to.ended) return
    if (this.#network.silent()) return
    to.timer = this.#network.clock.after(this.#network.delayMs(), () => {
      to.timer = undefined
      if (to.over || to.stopped || this.#network.silent()) return
      const queuedBytes = to.queue.reduce((sum, { bytes }) => sum + bytes.length, 0)
      const cutAfter = queuedBytes > 0 ? this.#network.cutAfter(queuedBytes) : undefined
      this.#arrive(to, cutAfter ?? this.#network.slice(queuedBytes))
      if (cutAfter !== undefined && !(this.#client.over && this.#server.over)) this.cut()
    })
  }

  #arrive(to: Side, budgetBytes: number): void {
    this.#note(to === this.#client ? 'to client' : 'to server', budgetBytes)
    let budget = budgetBytes
    while (to.queue.length > 0 && budget > 0 && !to.over && !to.stopped) {
      const piece = to.queue[0]!
      const count = Math.min(piece.bytes.length, budget, to.room.length)
      to.room.set(piece.bytes.subarray(0, count))
      budget -= count
      if (count === piece.bytes.length) {
        to.queue.shift()
        piece.sent?.()
        // What `sent` does may end the connection.
        if (to.over) return
      } else {
        piece.bytes = piece.bytes.subarray(count)
      }
      if (count === 0) continue
      to.stopped = !to.events!.received(count)
      if (to.over) return
      // As node:net does: asked right after every callback, even one that stopped reading.
      to.room = to.events!.buffer()
    }
    if (to.queue.length === 0 && to.ended) {
      this.#end(to, undefined)
      this.#network.over(this)
    } else {
      this.#pump(to)
    }
  }

  #note(what: PipeEvent, bytes = 0): void {
    this.#network.note(what, this.#number, bytes)
  }

  /** This side is over: its owner hears of it in an event of its own, never from within its own call. */
  #end(one: Side, error: Error | undefined): void {
    one.over = true
    one.timer?.cancel()
    one.timer = undefined
    const dropped = one.queue
    one.queue = []
    const { events } = one
    this.#network.clock.after(0, () => {
      for (const piece of dropped) piece.sent?.()
      events?.closed(error)
    })
  }
}

function refused(name: string): Error {
  return Object.assign(new Error(`connect ECONNREFUSED ${name}`), { code: 'ECONNREFUSED' })
}
