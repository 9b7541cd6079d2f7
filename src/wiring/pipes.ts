// A network in memory, with the faults of a real one drawn from a seed. [simulation]
import type { Clock } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import { formatAddress } from '../base/tcp.ts'
import type { Address, Listener, Socket, SocketEvents, Transport } from '../base/transport.ts'
import { Pipe } from './pipe.ts'

/** How bad the network is; may be changed while it runs. */
export interface PipeFaults {
  /** How long bytes and connection attempts travel: least and most, in ms. */
  latencyMs: readonly [least: number, most: number]
  /** The most bytes that arrive at once; 1 gives one-byte slices. */
  sliceBytes: number
  /** The chance, at each arrival, that the connection is cut instead. */
  cutChance: number
}

/** What happens to connections to an address: refused at once, never answered, or up but silent (half-open). */
export type Outage = 'refused' | 'unanswered' | 'silent'

type Accept = (socket: Socket) => SocketEvents

/** Connections between roles of one process. Bytes are taken at the last moment, so reuse before `sent` shows. */
export class Pipes implements Transport {
  readonly faults: PipeFaults
  readonly #clock: Clock
  readonly #random: Random
  readonly #listeners = new Map<string, Accept>()
  readonly #outages = new Map<string, Outage>()
  readonly #pipes = new Map<Pipe, string>()
  #nextPort = 10_000
  #nextClient = 1

  constructor(clock: Clock, random: Random, faults: Partial<PipeFaults> = {}) {
    this.#clock = clock
    this.#random = random
    this.faults = { latencyMs: [0, 0], sliceBytes: Number.POSITIVE_INFINITY, cutChance: 0, ...faults }
  }

  connect(address: Address, events: SocketEvents): Socket {
    const name = formatAddress(address)
    const outage = () => this.#outages.get(name)
    const pipe = new Pipe(`client:${this.#nextClient++}`, name, {
      clock: this.#clock,
      slice: () => Math.max(this.faults.sliceBytes, 1),
      delayMs: () => this.#delayMs(),
      cut: () => this.faults.cutChance > 0 && this.#random.next() < this.faults.cutChance,
      silent: () => outage() === 'silent' || outage() === 'unanswered',
      over: (ended) => this.#pipes.delete(ended),
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

  /** Starts or, with undefined, ends an outage. Connections that are up survive all but 'silent' and 'unanswered', which mute them. */
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

  #delayMs(): number {
    const [least, most] = this.faults.latencyMs
    return most > least ? least + (most - least) * this.#random.next() : least
  }
}
