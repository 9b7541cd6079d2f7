// Faults that come and go by themselves, drawn from a seed. [simulation]
//
// Those that last (outages, bad weather) come one after the other, each with a calm behind it; sudden ones (a cut, a
// wrong answer, a leader that moves) come at any time, also in the middle of those.
import type { Clock, Timer } from '../base/clock.ts'
import type { Random } from '../base/random.ts'
import type { Address } from '../base/transport.ts'
import type { Broker } from '../broker/broker.ts'
import type { Fault } from '../broker/faults.ts'
import type { ApiName } from '../protocol/apis.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { CALM, type Outage, type PipeFaults, type Pipes } from './pipes.ts'

/** How a storm blows. Durations in ms. */
export interface StormSettings {
  /** The calm between two faults: least and most. Long enough for one answer, so that no broker seems dead for ever. */
  calmMs: readonly [least: number, most: number]
  /** The time between two sudden faults: least and most. */
  suddenMs: readonly [least: number, most: number]
  /** How long an outage lasts at most. Longer than `defaultApiTimeoutMs` and a reader gives up, rightly. */
  outageMsMax: number
  /** What is always wrong with the network while the storm blows, beside the faults. */
  background: Partial<PipeFaults>
}

/** A network with some latency and a rare cut; outages of up to 20 s. */
export const stormDefaults: StormSettings = {
  calmMs: [3_000, 10_000],
  suddenMs: [100, 10_000],
  outageMsMax: 20_000,
  background: { latencyMs: [0.2, 5], chopChance: 0.1, cutChance: 0.001 },
}

/** What a storm may damage. */
export interface StormTarget {
  clock: Clock
  random: Random
  network: Pipes
  broker: Broker
  addresses: readonly Address[]
  /** Partitions whose leader may move, when there is more than one node. */
  partitions(): readonly { topic: string; partition: number }[]
  note(what: string, ...details: (string | number)[]): void
}

/** APIs that a fault of one answer may hit. */
const APIS: readonly ApiName[] = ['Fetch', 'Fetch', 'Fetch', 'Metadata', 'ListOffsets', 'OffsetForLeaderEpoch']

/** Errors after which a client must go on. */
const CODES: readonly number[] = [
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
  ErrorCode.INVALID_FETCH_SESSION_EPOCH,
]

/** How long a wrong answer waits for a request to hit. */
const ANSWER_FAULT_MS = 1_000

/** One storm over one world. */
export class Storm {
  readonly #target: StormTarget
  readonly #settings: StormSettings
  readonly #lasting: readonly (() => void)[]
  readonly #sudden: readonly (() => void)[]
  #lastingTimer: Timer | undefined
  #suddenTimer: Timer | undefined
  /** How to end the fault that lasts now. */
  #heal: () => void = () => {}
  #unhook: () => void = () => {}

  constructor(target: StormTarget, settings: StormSettings) {
    this.#target = target
    this.#settings = settings
    this.#lasting = [
      () => this.#restart(),
      () => this.#outage('refused'),
      () => this.#outage('unanswered'),
      () => this.#outage('silent'),
      () => this.#hang(),
      () => this.#weather('slow', { latencyMs: [50, 500] }),
      () => this.#weather('chopped', { chopChance: 1, sliceBytes: 1 + this.#below(200) }),
      () => this.#weather('flaky', { cutChance: 0.05 }),
    ]
    this.#sudden = [() => this.#cut(), () => this.#answer(), () => this.#moveLeaders()]
  }

  /** Begins, or goes on after `stop`. */
  start(): void {
    if (this.#lastingTimer !== undefined) return
    this.#set({})
    this.#nextLasting()
    this.#nextSudden()
  }

  /** Heals everything at once: what lasts is ended, the network has no faults any more. */
  stop(): void {
    this.#lastingTimer?.cancel()
    this.#lastingTimer = undefined
    this.#suddenTimer?.cancel()
    this.#endFault()
    this.#unhook()
    Object.assign(this.#target.network.faults, CALM)
    this.#target.note('calm')
  }

  /** Waits for a while, damages something, heals it after another while, and so on. */
  #nextLasting(): void {
    const { clock } = this.#target
    this.#lastingTimer = clock.after(this.#between(...this.#settings.calmMs), () => {
      this.#pick(this.#lasting)()
      this.#lastingTimer = clock.after(this.#between(0, this.#settings.outageMsMax), () => {
        this.#endFault()
        this.#nextLasting()
      })
    })
  }

  #nextSudden(): void {
    this.#suddenTimer = this.#target.clock.after(this.#between(...this.#settings.suddenMs), () => {
      this.#pick(this.#sudden)()
      this.#nextSudden()
    })
  }

  #endFault(): void {
    this.#target.note('fault ends')
    this.#heal()
    this.#heal = () => {}
  }

  #cut(): void {
    const address = this.#node()
    this.#target.note('fault: cut', address.port)
    this.#target.network.cut(address)
  }

  /** Refuses, and has forgotten its sessions when it is back. */
  #restart(): void {
    const address = this.#node()
    const { network, broker } = this.#target
    this.#target.note('fault: restart', address.port)
    network.cut(address)
    network.setOutage(address, 'refused')
    this.#heal = () => {
      broker.forgetSessions()
      network.setOutage(address, undefined)
    }
  }

  #outage(outage: Outage): void {
    const address = this.#node()
    this.#target.note(`fault: ${outage}`, address.port)
    this.#target.network.setOutage(address, outage)
    this.#heal = () => this.#target.network.setOutage(address, undefined)
  }

  /** A broker that takes a fetch and never answers: missed when the request times out, connection and all. */
  #hang(): void {
    const { broker, note } = this.#target
    note('fault: hang')
    this.#heal = broker.once('Fetch', () => ({ drop: 'after' }))
  }

  #weather(name: string, faults: Partial<PipeFaults>): void {
    this.#target.note(`fault: ${name}`)
    this.#set(faults)
    this.#heal = () => this.#set({})
  }

  /** The next answer of one API is an error, late, cut short, or missing. */
  #answer(): void {
    const api = this.#pick(APIS)
    const fault = this.#pick<Fault<ApiName>>([
      { errorCode: this.#pick(CODES) },
      { errorCode: this.#pick(CODES) },
      { delayMs: this.#below(5_000) },
      { cut: 'after' },
      { cutAfterBytes: 1 + this.#below(200) },
      { cut: 'before' },
    ])
    const { broker, clock, note } = this.#target
    note('fault: answer', api, JSON.stringify(fault))
    this.#unhook()
    const endMs = clock.now() + ANSWER_FAULT_MS
    // It says the same for every API: nothing in it depends on which one it is.
    this.#unhook = broker.once(api, () => (clock.now() < endMs ? (fault as Fault<typeof api>) : undefined))
  }

  #moveLeaders(): void {
    const { addresses, broker, partitions } = this.#target
    if (addresses.length < 2) return
    for (const { topic, partition } of partitions()) {
      if (this.#below(2) === 0) continue
      const nodeId = 1 + this.#below(addresses.length)
      this.#target.note('fault: leader moves', topic, partition, nodeId)
      broker.moveLeader(topic, partition, nodeId)
    }
  }

  #set(faults: Partial<PipeFaults>): void {
    Object.assign(this.#target.network.faults, CALM, this.#settings.background, faults)
  }

  #node(): Address {
    return this.#pick(this.#target.addresses)
  }

  #pick<T>(from: readonly T[]): T {
    return from[this.#below(from.length)]!
  }

  #between(least: number, most: number): number {
    return least + (most - least) * this.#target.random.next()
  }

  #below(end: number): number {
    return Math.floor(end * this.#target.random.next())
  }
}
