// A virtual clock, a network in memory, and a host for connections on it. [test]
import { seededRandom } from '../../src/base/random.ts'
import type { Address } from '../../src/base/transport.ts'
import type { ChannelHost } from '../../src/io/channel.ts'
import type { IoEvent } from '../../src/io/io-event.ts'
import { type IoOptions, ioDefaults } from '../../src/io/io-options.ts'
import { type PipeFaults, Pipes } from '../../src/wiring/pipes.ts'
import { VirtualClock } from '../../src/wiring/virtual-clock.ts'

/** Everything a connection needs, and nothing real. */
export class IoWorld {
  readonly clock: VirtualClock
  readonly pipes: Pipes
  readonly host: ChannelHost
  readonly events: IoEvent[] = []

  constructor(options: Partial<IoOptions> = {}, faults: Partial<PipeFaults> = {}, seed = 1) {
    const random = seededRandom(seed)
    this.clock = new VirtualClock({ random: seededRandom(seed + 1) })
    this.pipes = new Pipes(this.clock, random, { latencyMs: [0.5, 0.5], ...faults })
    this.host = {
      transport: this.pipes,
      clock: this.clock,
      random,
      options: { ...ioDefaults, brokers: [], ...options },
      onEvent: (event) => this.events.push(event),
    }
  }

  /** Changes options before anything was opened. */
  set brokers(brokers: readonly Address[]) {
    this.host.options.brokers = brokers
  }

  /** Runs the world until the promise settles; resolves to its error. */
  failure(promise: Promise<unknown>, limitMs?: number): Promise<unknown> {
    return this.clock.until(caught(promise), limitMs)
  }
}

/** Resolves to the error of a promise that must reject. Nothing runs by it. */
export function caught(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => {
      throw new Error('a failure was expected')
    },
    (error: unknown) => error,
  )
}
