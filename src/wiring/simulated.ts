// A whole world in one thread and one seed: clients, an embedded broker, their network, their time. [simulation]
//
//   seed ─┬─ scheduler   which of the things that are due now goes first, and how long a hand-off between roles takes
//         ├─ network     latency, slices, cuts
//         ├─ storm       outages, restarts, wrong answers, leaders that move
//         ├─ broker      ids
//         ├─ clients     jitter
//         └─ script      for whoever writes the test
//
// Each has a stream of numbers of its own, so that one more draw in a test does not turn the network over.
import { type Random, seededRandom } from '../base/random.ts'
import type { Transport } from '../base/transport.ts'
import { Broker } from '../broker/broker.ts'
import type { TopicSpec } from '../broker/cluster.ts'
import type { GroupOptions } from '../broker/groups/group-options.ts'
import type { SeedItem, SeedOptions } from '../broker/seed.ts'
import { KafkaClient } from '../client/kafka.ts'
import type { KafkaOptions } from '../client/options.ts'
import { startInline } from './inline.ts'
import { Pipes } from './pipes.ts'
import { Storm, type StormSettings, stormDefaults } from './storm.ts'
import { Trace } from './trace.ts'
import { VirtualClock } from './virtual-clock.ts'
import { wiringOptions } from './wiring-options.ts'

/** What a world is made of. */
export interface SimulationOptions {
  /** Decides everything that is left to chance. */
  seed: number
  /** Nodes of the cluster; default 1. */
  brokers?: number
  /** How the broker coordinates groups. */
  groups?: GroupOptions
  /** How bad it gets between `startStorm` and `stopStorm`. */
  storm?: Partial<StormSettings>
  /** The chance that a role is not scheduled at once but up to `stallMsMax` late; default 0.01. */
  stallChance?: number
  /** Default 20. */
  stallMsMax?: number
}

/** How much virtual time `until` grants by default: an hour. */
const LIMIT_MS = 3_600_000

/**
 * A running world. Time stands still but in `advance` and `until`. Topics must be filled without a codec: an
 * asynchronous one settles in real time, which no seed decides (rulings, hazard 12).
 */
export class Simulation implements AsyncDisposable {
  readonly seed: number
  readonly clock: VirtualClock
  readonly network: Pipes
  readonly broker: Broker
  /** Randomness for the test's own script. */
  readonly random: Random
  readonly trace: Trace
  readonly #storm: Storm
  readonly #clientRandom: Random
  readonly #post: (run: () => void) => void
  readonly #stallMsMax: number
  readonly #partitions: { topic: string; partition: number }[]
  /** Those that are not closed. */
  readonly #clients = new Set<KafkaClient>()

  /** @internal */
  constructor(parts: SimulationParts) {
    this.seed = parts.options.seed
    this.clock = parts.clock
    this.network = parts.network
    this.broker = parts.broker
    this.trace = parts.trace
    this.random = parts.stream()
    this.#clientRandom = parts.stream()
    this.#partitions = []
    this.#stallMsMax = parts.options.stallMsMax ?? 20
    this.#post = this.#scheduler(parts.options.stallChance ?? 0.01, parts.stream())
    const target = {
      clock: this.clock,
      random: parts.stream(),
      network: this.network,
      broker: this.broker,
      addresses: this.broker.addresses.map(addressOf),
      partitions: () => this.#partitions,
      note: (what: string, ...details: (string | number)[]) => this.note(what, ...details),
    }
    this.#storm = new Storm(target, { ...stormDefaults, ...parts.options.storm })
  }

  /** Adds to the trace: what a test saw happen, and when. */
  note(what: string, ...details: (string | number)[]): void {
    this.trace.note(this.clock.now(), what, ...details)
  }

  /** A client whose roles run here. Options as for `Kafka`; it knows the brokers. */
  client(options: KafkaOptions = {}, transport: Transport = this.network): KafkaClient {
    const { clock } = this
    const world = { transport, clock, random: this.#clientRandom, post: this.#post }
    const client = new KafkaClient({ brokers: this.broker.addresses, ...options }, (resolved) => {
      const parts = startInline(wiringOptions(resolved), world)
      const stop = () => {
        this.#clients.delete(client)
        return parts.stop()
      }
      // Nothing needs to keep the process up: whoever waits for virtual time does.
      return { ...parts, stop, hold: () => {} }
    })
    this.#clients.add(client)
    return client
  }

  /** Makes a topic. Made here its leaders take part in storms. */
  createTopic(topic: string, spec: TopicSpec & { partitions: number }): void {
    this.broker.createTopic(topic, spec)
    for (let partition = 0; partition < spec.partitions; partition++) this.#partitions.push({ topic, partition })
  }

  /** Appends as `Broker.seed` does, without a codec: all is there when the call returns. Rejects bad values. */
  append(topic: string, items: Iterable<SeedItem>, options: Omit<SeedOptions, 'codec'> = {}): Promise<void> {
    return this.broker.seed(topic, items, options)
  }

  /** From now on faults come and go. */
  startStorm(): void {
    this.#storm.start()
  }

  /** All faults are healed: from here on everything must come to its end. */
  stopStorm(): void {
    this.#storm.stop()
  }

  /** Lets so much time pass. */
  async advance(ms: number): Promise<void> {
    await this.#explained(this.clock.advance(ms))
  }

  /** For scripts that run in the world: resolves when so much time has passed. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.clock.after(ms, resolve))
  }

  /** Lets time pass until the promise settles, and settles alike; an error when it takes more than `limitMs`. */
  until<T>(promise: Promise<T>, limitMs = LIMIT_MS): Promise<T> {
    return this.#explained(this.clock.until(promise, limitMs))
  }

  /** Ends clients and broker. Afterwards nothing is open and nothing is due. */
  async close(): Promise<void> {
    this.stopStorm()
    for (const client of [...this.#clients]) await this.until(client.close())
    await this.until(this.broker.close())
    // Hand-offs that were kept waiting.
    await this.advance(this.#stallMsMax)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Hand-offs: mostly at once, in an order that the clock draws; now and then a role has to wait, as a thread has. */
  #scheduler(stallChance: number, random: Random): (run: () => void) => void {
    return (run) => {
      const delayMs = random.next() < stallChance ? random.next() * this.#stallMsMax : 0
      this.clock.after(delayMs, run)
    }
  }

  /** An error names the seed and what happened last. */
  async #explained<T>(running: Promise<T>): Promise<T> {
    try {
      return await running
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error)
      const where = `seed ${this.seed}, at ${this.clock.now().toFixed(3)} ms`
      throw new Error(`${where}: ${text}\n${this.trace.tail()}`, { cause: error })
    }
  }
}

interface SimulationParts {
  options: SimulationOptions
  clock: VirtualClock
  network: Pipes
  broker: Broker
  trace: Trace
  /** The next stream of randomness. */
  stream(): Random
}

/** Makes a world in which the broker listens already. */
export async function simulate(options: SimulationOptions): Promise<Simulation> {
  const root = seededRandom(options.seed)
  const stream = () => seededRandom(Math.floor(root.next() * 0x1_0000_0000))
  const trace = new Trace()
  const clock = new VirtualClock({ random: stream(), observe: (nowMs, sequence) => trace.step(nowMs, sequence) })
  const network = new Pipes(clock, stream(), {}, (...what) => trace.note(clock.now(), ...what))
  const { brokers = 1, groups = {} } = options
  const broker = await Broker.start({ brokers, groups, transport: network, clock, random: stream() })
  return new Simulation({ options, clock, network, broker, trace, stream })
}

function addressOf(address: string) {
  const colon = address.lastIndexOf(':')
  return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) }
}
