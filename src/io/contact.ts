// Finding any broker that answers: the known ones first, then the bootstrap list (KIP-899). [I/O thread]
import { backoff } from '../base/backoff.ts'
import { Disconnected, MillraceError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Address } from '../base/transport.ts'
import type { Channel, Role } from './channel.ts'
import type { Connection } from './connection.ts'
import type { Deadline } from './deadline.ts'
import type { IoOptions } from './io-options.ts'
import type { Node } from './node.ts'

/** So many known brokers in a row that cannot be reached are taken for all of them. */
const KNOWN_TRIES_MAX = 3

/** What is needed to find a broker. */
export interface ContactPlan {
  options: IoOptions
  random: Random
  node(address: Address): Node
  /** The brokers of the last metadata. */
  known(): readonly Address[]
  /** An address of the bootstrap list was used again. */
  rebootstrapped(reason: string): void
}

/** Where each of the bootstrap addresses, or brokers, failed. */
type Failures = Map<string, MillraceError>

/** Goes through brokers until one is usable. */
export class Contact {
  readonly #plan: ContactPlan
  /** Whether there ever was a connection: before it, going through the bootstrap list once is all that is done. */
  #made = false
  #failure: Disconnected | undefined

  constructor(plan: ContactPlan) {
    this.#plan = plan
  }

  /** Why no broker can be reached at present; undefined since the last success. */
  get failure(): Disconnected | undefined {
    return this.#failure
  }

  /** Resolves to a usable connection to any broker, within the deadline. */
  async connection(role: Role, deadline: Deadline): Promise<Connection> {
    const { options, random, node } = this.#plan
    for (let round = 0; ; round++) {
      const failures: Failures = new Map()
      const known = this.#ordered(role).slice(0, KNOWN_TRIES_MAX)
      const found = await this.#firstOf(known, deadline, failures)
      if (found !== undefined) return found
      if (known.length === 0 || options.metadataRecoveryStrategy === 'rebootstrap') {
        // The known brokers stay known: the next rounds try others of them, should the list be of no use either.
        const bootstrap = options.brokers.map((address) => node(address).channel(role))
        const untried = bootstrap.filter((channel) => !known.includes(channel))
        const reached = await this.#firstOf(untried, deadline, failures)
        if (reached !== undefined) {
          if (known.length > 0) this.#plan.rebootstrapped('no known broker could be reached')
          return reached
        }
      }
      const error = unreachable(failures)
      this.#failure = error
      if (!this.#made) throw error
      deadline.note(error)
      const { retryBackoffMs: baseMs, retryBackoffMaxMs: maxMs } = options
      await deadline.sleep(backoff(round, { baseMs, maxMs }, random))
    }
  }

  /** The known brokers: connected ones first, then those that did not fail, each group in random order. */
  #ordered(role: Role): Channel[] {
    const { node, random, known } = this.#plan
    const rank = (channel: Channel) =>
      channel.current !== undefined ? -1 : channel.lastError === undefined ? 0 : 1 + channel.backoffLeftMs
    return known()
      .map((address) => node(address).channel(role))
      .map((channel) => ({ channel, rank: rank(channel), tie: random.next() }))
      .sort((a, b) => a.rank - b.rank || a.tie - b.tie)
      .map(({ channel }) => channel)
  }

  async #firstOf(channels: Channel[], deadline: Deadline, failures: Failures): Promise<Connection | undefined> {
    for (const channel of channels) {
      try {
        const connection = await deadline.race(channel.connection())
        this.#made = true
        this.#failure = undefined
        return connection
      } catch (error) {
        if (deadline.signal.aborted || !(error instanceof MillraceError)) throw error
        // Wrong credentials are wrong everywhere, and more tries may lock the account.
        if (error.name === 'Unauthorized') throw error
        failures.set(error.broker ?? channel.role, error)
      }
    }
    return undefined
  }
}

function unreachable(failures: Failures): Disconnected {
  const errors = [...failures.values()]
  const text = errors.map((error) => error.message).join(' ')
  const broker = errors.length === 1 ? errors[0]!.broker : undefined
  return new Disconnected('NO_BROKER_REACHABLE', `No broker could be reached. ${text}`, {
    broker,
    retriable: true,
    cause: errors.at(-1),
  })
}
