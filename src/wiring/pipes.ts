// A network in memory, with the faults of a real one drawn from a seed. [simulation]
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { formatAddress } from '../base/tcp.ts'
import type { Address, Listener, Socket, SocketEvents, Transport } from '../base/transport.ts'
import { Pipe, type PipeEvent } from './pipe.ts'

/** How bad the network is; may be changed while it runs. */
export interface PipeFaults {
  /** How long bytes and connection attempts travel: least and most, in ms. */
  latencyMs: readonly [least: number, most: number]
  /** The most bytes that arrive at once; 1 gives one-byte slices. */
  sliceBytes: number
  /** The chance, at each arrival, that only a random part of what could arrive does; the rest follows later. */
  chopChance: number
  /** The chance, at each arrival, that the connection is cut after a random number of its bytes. */
  cutChance: number
}

/** Is told of everything that happens to connections, in its order. */
export type PipeObserver = (what: PipeEvent, connection: number, bytes: number) => void

/** What happens to connections to an address: refused at once, never answered, or up but silent (half-open). */
export type Outage = 'refused' | 'unanswered' | 'silent'

/** The faults of a network that has none. */
export const CALM: Readonly<PipeFaults> = {
  latencyMs: [0, 0],
  sliceBytes: Number.POSITIVE_INFINITY,
  chopChance: 0,
  cutChance: 0,
}

type Accept = (socket: Socket) => SocketEvents

/** Connections between roles of one process. Bytes are taken at the last moment, so reuse before `sent` shows. */
export class Pipes implements Transport {
  readonly faults: PipeFaults
  readonly #clock: Clock
  readonly #random: Random
  readonly #observe: PipeObserver
  readonly #listeners = new Map<string, Accept>()
  readonly #outages = new Map<string, Outage>()
  readonly #pipes = new Map<Pipe, string>()
  #nextPort = 10_000
  #nextClient = 1

  constructor(clock: Clock, random: Random, faults: Partial<PipeFaults> = {}, observe: PipeObserver = () => {}) {
    this.#clock = clock
    this.#random = random
    this.#observe = observe
    this.faults = { ...CALM, ...faults }
  }

  connect(address: Address, events: SocketEvents): Socket {
    const name = formatAddress(address)
    const outage = () => this.#outages.get(name)
    const pipe = new Pipe(this.#nextClient++, name, {
      clock: this.#clock,
      slice: (queuedBytes) => this.#slice(queuedBytes),
      delayMs: () => this.#delayMs(),
      cutAfter: (queuedBytes) =>
        this.#happens(this.faults.cutChance) ? Math.floor(this.#random.next() * queuedBytes) : undefined,
      silent: () => outage() === 'silent' || outage() === 'unanswered',
      over: (ended) => this.#pipes.delete(ended),
      note: this.#observe,
    })
    this.#pipes.set(pipe, name)
    return pipe.open(events, () => {
      if (outage() === 'unanswered') return 'never'
      return outage() === 'refused' ? undefined : this.#listeners.get(name)
    })
  }

  async listen(address: Address, accept: Accept): Promise<Listener> {
    const bound = { host: address.host, port: address.port === 0 ? this.#nextPort++ : address.port }
    const name = formatAddress(bound)
    if (this.#listeners.has(name)) throw new Error(`EADDRINUSE: ${name}`)
    this.#listeners.set(name, accept)
    return {
      address: bound,
      close: async () => {
        this.#listeners.delete(name)
        this.cut(bound)
      },
    }
  }

  /** Starts or, with undefined, ends an outage. Connections that are up survive, muted but for 'refused'. */
  setOutage(address: Address, outage: Outage | undefined): void {
    const name = formatAddress(address)
    if (outage === undefined) this.#outages.delete(name)
    else this.#outages.set(name, outage)
    for (const [pipe, to] of this.#pipes) if (to === name) pipe.wake()
  }

  /** Cuts every connection to the address, or all of them. */
  cut(address?: Address): void {
    const name = address === undefined ? undefined : formatAddress(address)
    for (const [pipe, to] of [...this.#pipes]) if (name === undefined || to === name) pipe.cut()
  }

  /** How many connections are open or being opened, to the address or in all. */
  connectionCount(address?: Address): number {
    if (address === undefined) return this.#pipes.size
    const name = formatAddress(address)
    return [...this.#pipes.values()].filter((to) => to === name).length
  }

  #slice(queuedBytes: number): number {
    const most = Math.max(1, Math.min(this.faults.sliceBytes, queuedBytes))
    return this.#happens(this.faults.chopChance) ? 1 + Math.floor(this.#random.next() * most) : most
  }

  #happens(chance: number): boolean {
    return chance > 0 && this.#random.next() < chance
  }

  #delayMs(): number {
    const [least, most] = this.faults.latencyMs
    return most > least ? least + (most - least) * this.#random.next() : least
  }
}
