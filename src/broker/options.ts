// The options of an embedded broker, checked. [broker]
import { type Clock, systemClock } from '../base/clock.ts'
import { InvalidOption } from '../base/errors.ts'
import { type Random, systemRandom } from '../base/random.ts'
import { tcp } from '../base/tcp.ts'
import type { Transport } from '../base/transport.ts'
import { PARTITIONS_MAX } from './cluster.ts'
import { TRANSACTION_VERSION_MAX, type TransactionVersion } from './features.ts'
import { checkGroupOptions, type GroupOptions } from './groups/group-options.ts'
import { type BrokerRelease, latestTransactionVersion, type VersionOverrides } from './versions.ts'

/** How to start a broker; everything may be left out. */
export interface BrokerOptions {
  /** Where to listen. Default '127.0.0.1'. */
  host?: string
  /** What clients are told to connect to. Default: `host`, or '127.0.0.1' when that means every interface. */
  advertisedHost?: string
  /** Of the first listener; the others take the next ones. Default 0: free ports. */
  port?: number
  /** Partitions of topics made without a count. Default 1. */
  partitions?: number
  /** Whether asking for the metadata of a topic makes it. Default false. */
  autoCreateTopics?: boolean
  /** Listeners that pose as the brokers of one cluster, with node ids from 1 on. Default 1. */
  brokers?: number
  /** Racks of the listeners, in their order: who names its own reads from a replica there (KIP-392). Default: none. */
  racks?: readonly string[]
  /** How groups are coordinated: timeouts, intervals, limits. Default: as Kafka, without the initial delay. */
  groups?: GroupOptions
  /** The release to pose as, or versions by API (null hides an API). Default: all that there is. */
  apiVersions?: BrokerRelease | VersionOverrides
  /** The feature `transaction.version`: 2 lets clients use KIP-890. Default: of the release, 2 without one. */
  transactionVersion?: TransactionVersion
  /** Default: TCP. */
  transport?: Transport
  /** Default: the clock of the machine. */
  clock?: Clock
  /** Topic, cluster and session ids come from here. Default: the machine's. */
  random?: Random
}

/** The options with their defaults. */
export type CheckedBrokerOptions = Required<BrokerOptions>

/** More listeners than any test poses as. */
const BROKERS_MAX = 100

/** Fills in the defaults; an option that is unknown or out of range is an error. */
export function checkBrokerOptions(options: BrokerOptions = {}): CheckedBrokerOptions {
  const defaults: CheckedBrokerOptions = {
    host: '127.0.0.1',
    advertisedHost: isWildcard(options.host) ? '127.0.0.1' : (options.host ?? '127.0.0.1'),
    port: 0,
    partitions: 1,
    autoCreateTopics: false,
    brokers: 1,
    racks: [],
    groups: {},
    apiVersions: {},
    transactionVersion: latestTransactionVersion(options.apiVersions),
    transport: tcp,
    clock: systemClock,
    random: systemRandom,
  }
  for (const name of Object.keys(options)) {
    if (name in defaults) continue
    const text = `Broker.start: there is no option ${name}; there are ${Object.keys(defaults).join(', ')}.`
    throw new InvalidOption('UNKNOWN_OPTION', text)
  }
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  const checked = { ...defaults, ...given }
  checkRange('port', checked.port, 0, 65_535)
  checkRange('partitions', checked.partitions, 1, PARTITIONS_MAX)
  checkRange('brokers', checked.brokers, 1, BROKERS_MAX)
  checkRange('transactionVersion', checked.transactionVersion, 0, TRANSACTION_VERSION_MAX)
  return { ...checked, groups: checkGroupOptions(checked.groups) }
}

function isWildcard(host: string | undefined): boolean {
  return host === '0.0.0.0' || host === '::'
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return
  throw new InvalidOption('INVALID_OPTION', `Broker.start: ${name} must be a whole number from ${min} to ${max}.`)
}
