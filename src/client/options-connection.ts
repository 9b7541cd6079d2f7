// Options of a `Kafka` instance: brokers, connections, metadata, threads, memory. [main thread]
import { availableParallelism } from 'node:os'
import type { Address } from '../base/transport.ts'
import type { Deserializer } from '../delivery/serdes.ts'
import { parseBrokers } from './broker-list.ts'
import { bytes, choice, count, flag, ms, special, text } from './option-row.ts'
import { PROFILE_NAMES } from './profiles.ts'
import {
  acceptSasl,
  acceptTls,
  type ResolvedSasl,
  type ResolvedTls,
  type SaslOptions,
  type TlsOptions,
} from './security.ts'

/** What millrace needs of a logger: pino, console and most others fit. */
export interface Logger {
  debug(...parts: unknown[]): void
  info(...parts: unknown[]): void
  warn(...parts: unknown[]): void
  error(...parts: unknown[]): void
}

/** How the keys and values of one topic are read. */
export interface TopicSerdes {
  key?: Deserializer<unknown> | undefined
  value?: Deserializer<unknown> | undefined
}

/** The rows; the comment of each row is its text in docs/options.md and in editors. */
export const connectionOptions = {
  /** Where to start: `host:port`, a list in one string, or an array. A port left out is 9092. */
  brokers: special<string | readonly string[], readonly Address[]>()({
    type: "string | string[] of 'host:port'",
    java: 'bootstrap.servers',
    expected: "'host:port', a list of them in one string, or an array",
    parse: (given) => given,
    accept(given) {
      if (typeof given !== 'string' && !(Array.isArray(given) && given.every((entry) => typeof entry === 'string')))
        return
      const addresses = parseBrokers(given)
      return addresses.length === 0 ? undefined : addresses
    },
  }),
  /** The name that brokers see in their logs, metrics and quotas. */
  clientId: text({ default: 'millrace' }),
  /**
   * A set of defaults for one purpose: `throughput`, `latency` or `memory`. What is set explicitly wins over it.
   */
  profile: choice(PROFILE_NAMES, { java: false }),
  /** `workers`: sockets and decoding run on threads of their own. `inline`: everything runs on the calling thread. */
  threads: choice(['workers', 'inline'], { default: 'workers', java: false }),
  /** Threads that check, decompress and index batches. */
  decodeWorkers: count({
    default: Math.max(1, availableParallelism() - 2),
    defaultText: 'max(1, cores - 2)',
    min: 1,
    max: 256,
    java: false,
  }),
  /** Shared memory for fetched, decompressed and indexed records that are not yet released. A hard limit. */
  bufferBytes: bytes({ default: 67_108_864, min: 1_048_576, max: 17_179_869_184, java: false }),
  /** The largest single batch, decompressed, that is accepted; beyond it the partition fails with a typed error. */
  maxDecompressedBytes: bytes({ default: 268_435_456, min: 65_536, java: false }),
  /** How long one request may take before its connection is given up. */
  requestTimeoutMs: ms({ default: 30_000, min: 1 }),
  /** How long opening a connection may take, authentication included. */
  connectTimeoutMs: ms({ default: 10_000, min: 1, java: 'socket.connection.setup.timeout.ms' }),
  /** How long any call may take in all when brokers are dead or hang. */
  defaultApiTimeoutMs: ms({ default: 60_000, min: 1 }),
  /** The first wait before a lost connection is opened again (KIP-144). */
  reconnectBackoffMs: ms({ default: 50 }),
  /** The longest wait before a lost connection is opened again (KIP-144). */
  reconnectBackoffMaxMs: ms({ default: 1_000 }),
  /** The first wait before a failed request is sent again; it doubles, with 20 % jitter (KIP-580). */
  retryBackoffMs: ms({ default: 100 }),
  /** The longest wait before a failed request is sent again (KIP-580). */
  retryBackoffMaxMs: ms({ default: 1_000 }),
  /** A connection unused for so long is closed. */
  connectionsMaxIdleMs: ms({ default: 540_000, min: 1, unlimited: true }),
  /** What is known about brokers, topics and leaders is asked again after so long. */
  metadataMaxAgeMs: ms({ default: 300_000 }),
  /** A topic that nobody asked about for so long is forgotten. */
  metadataMaxIdleMs: ms({ default: 300_000, min: 1, unlimited: true }),
  /** What to do when no known broker answers: start over from `brokers`, or keep trying (KIP-899). */
  metadataRecoveryStrategy: choice(['rebootstrap', 'none'], { default: 'rebootstrap' }),
  /** Reading or writing a topic that does not exist may create it, if the brokers allow it. */
  allowAutoTopicCreation: flag({ default: false, java: 'allow.auto.create.topics' }),
  /** A broker that asks to wait longer than this is reported as `QuotaExceeded` (KIP-219). */
  throttleMaxMs: ms({ default: 30_000, java: false }),
  /** Encryption: true, or options of `tls.connect`. Accepted, not there yet. */
  tls: special<boolean | TlsOptions, ResolvedTls | false>()({
    type: 'boolean | TlsOptions',
    default: false,
    aliases: ['ssl'],
    java: false,
    secret: true,
    expected: 'true, false, or an object with options of tls.connect',
    parse: (given) => ({ true: true, false: false })[given.trim().toLowerCase()] ?? given,
    accept: acceptTls,
  }),
  /** Credentials: `{ mechanism, username, password }`. Accepted, not there yet. */
  sasl: special<SaslOptions, ResolvedSasl>()({
    type: 'SaslOptions',
    java: false,
    secret: true,
    expected: 'an object { mechanism, username, password }',
    accept: acceptSasl,
  }),
  /** Deserializers by topic: `{ events: { key: string(), value: json() } }`. */
  topics: special<Readonly<Record<string, TopicSerdes>>>()({
    type: '{ [topic]: { key?, value? } }',
    java: false,
    expected: 'an object { topic: { key, value } } whose keys and values are deserializers',
    accept: (given) => (isTopicSerdes(given) ? given : undefined),
  }),
  /** Where messages go: anything with `debug`, `info`, `warn` and `error`. Silent without it. */
  logger: special<Logger>()({
    type: 'Logger',
    java: false,
    expected: 'an object with the methods debug, info, warn and error',
    accept: (given) => (isLogger(given) ? given : undefined),
  }),
  /** Checks that cost time: freed memory is overwritten, so that a kept view is seen at once. */
  debug: flag({ default: false, java: false }),
}

function isTopicSerdes(given: unknown): given is Readonly<Record<string, TopicSerdes>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false
  return Object.values(given).every((serdes: TopicSerdes | null) => {
    if (typeof serdes !== 'object' || serdes === null) return false
    const { key, value, ...rest } = serdes
    return Object.keys(rest).length === 0 && isDeserializer(key) && isDeserializer(value)
  })
}

/** Anything with a `deserialize` method, or nothing. */
export function isDeserializer(given: unknown): boolean {
  return given === undefined || typeof (given as Deserializer<unknown> | null)?.deserialize === 'function'
}

function isLogger(given: unknown): given is Logger {
  const methods = ['debug', 'info', 'warn', 'error'] as const
  return (
    typeof given === 'object' &&
    given !== null &&
    methods.every((name) => typeof (given as Logger)[name] === 'function')
  )
}
