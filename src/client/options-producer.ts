// Options of producers. [main thread]

import { bytes, choice, count, flag, ms, special, text } from './option-row.ts'
import { type PartitionerName, partitionerNames } from './partitioner.ts'

const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
/** How many replicas must have a record. */
export type Acks = 'all' | -1 | 0 | 1
type Codec = (typeof CODECS)[number]
/** A codec, or a codec and its level. */
export type Compression = Codec | { readonly type: Codec; readonly level?: number | undefined }
/** Chooses a partition from 0 to `partitionCount - 1` for what was given to `send`; `key` is its key in bytes. */
export type PartitionChoice = (record: never, partitionCount: number, key: Uint8Array | null) => number

/** The rows of a producer. */
export const producerOptions = {
  /** How many replicas must have a record before it counts as sent: `all`, 1 or 0. */
  acks: special<Acks>()({
    type: "'all' | 1 | 0",
    default: 'all',
    expected: "'all', 1 or 0",
    parse: (given) => (given.trim() === 'all' ? 'all' : Number(given)),
    accept: (given) => (given === 'all' || given === -1 || given === 0 || given === 1 ? given : undefined),
  }),
  /** No record is stored twice, and none out of order, whatever is retried (KIP-98). */
  enableIdempotence: flag({ default: true }),
  /** How long a batch waits for more records. */
  lingerMs: ms({ default: 5 }),
  /** A batch is sent when it has so many bytes, uncompressed. */
  batchBytes: bytes({ default: 1_000_000, java: 'batch.size' }),
  /** The largest request sent, and so the largest record. */
  maxRequestBytes: bytes({ default: 1_048_576, min: 1_024, java: 'max.request.size' }),
  /** Memory for records that wait to be sent or stored. A hard limit. */
  bufferMemoryBytes: bytes({ default: 33_554_432, min: 65_536, java: 'buffer.memory' }),
  /** What `send` does when that memory is used up: it waits for room, or rejects at once with `BufferFull`. */
  onBufferFull: choice(['wait', 'reject'], { default: 'wait', java: false }),
  /** How long `send` waits for room, or to learn where a topic is. */
  maxBlockMs: ms({ default: 60_000 }),
  /** Records that may wait for room; more are rejected at once. */
  maxBlockedRecords: count({ default: 100_000, java: false }),
  /** How batches are compressed; `{ type: 'zstd', level: 3 }` sets the level too. */
  compression: special<Compression>()({
    type: "'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd' | { type, level }",
    default: 'none',
    java: 'compression.type',
    expected: "'none', 'gzip', 'snappy', 'lz4', 'zstd' or { type, level }",
    parse: (given) => given.trim().toLowerCase(),
    accept: acceptCompression,
  }),
  /** Requests on their way on one connection. */
  maxInFlight: count({ default: 5, min: 1, java: 'max.in.flight.requests.per.connection' }),
  /** Connections to each broker; each partition keeps to one. */
  connectionsPerBroker: count({ default: 1, min: 1, max: 16, java: false }),
  /** Attempts after the first; what really bounds them is `deliveryTimeoutMs`. */
  retries: count({ default: Infinity, unlimited: true }),
  /** How long a record may take from `send` to its report. */
  deliveryTimeoutMs: ms({ default: 120_000, min: 1 }),
  /** Names the producer across restarts and makes transactions possible. */
  transactionalId: text({}),
  /** The broker aborts a transaction that takes longer. */
  transactionTimeoutMs: ms({ default: 60_000, min: 1, java: 'transaction.timeout.ms' }),
  /**
   * `murmur2`: by key as Java's client, without a key sticky by bytes (KIP-794); `sticky`: without a key sticky by
   * batch (KIP-480); `uniformSticky`: as without a key; `roundRobin`; or a function `(record, partitionCount, key)`.
   */
  partitioner: special<PartitionerName | PartitionChoice>()({
    type: `${partitionerNames.map((name) => `'${name}'`).join(' | ')} | function`,
    default: 'murmur2',
    java: false,
    expected: `${partitionerNames.map((name) => `'${name}'`).join(', ')} or a function`,
    parse: (given) => given.trim(),
    accept: (given) => (isPartitioner(given) ? given : undefined),
  }),
  /** Records without a key go rather to partitions with shorter queues (KIP-794). */
  partitionerAdaptivePartitioningEnable: flag({ default: true, java: 'partitioner.adaptive.partitioning.enable' }),
}

/** What a codec's level may be; lz4 and snappy have none here. */
const LEVELS: Partial<Record<Codec, readonly [min: number, max: number]>> = { gzip: [1, 9], zstd: [-131_072, 22] }

/** Undefined when it will not do. */
function acceptCompression(given: unknown): Compression | undefined {
  const { type, level } =
    typeof given === 'object' && given !== null ? (given as { type?: unknown; level?: unknown }) : { type: given }
  if (!CODECS.includes(type as Codec)) return undefined
  if (level === undefined) return given as Compression
  const [min, max] = LEVELS[type as Codec] ?? [0, 17]
  return Number.isInteger(level) && (level as number) >= min && (level as number) <= max
    ? (given as Compression)
    : undefined
}

function isPartitioner(given: unknown): given is PartitionerName | PartitionChoice {
  return typeof given === 'function' || partitionerNames.includes(given as PartitionerName)
}
