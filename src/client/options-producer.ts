// Options of the producer: known by name, refused until the producer is there. [main thread]
import { bytes, choice, count, flag, ms, special, text } from './option-row.ts'

const later = 'the producer'
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
type Codec = (typeof CODECS)[number]

/** The rows of a producer. */
export const producerOptions = {
  /** How many replicas must have a record before it counts as sent: `all`, 1 or 0. */
  acks: special<'all' | -1 | 0 | 1>()({
    type: "'all' | 1 | 0",
    default: 'all',
    expected: "'all', 1 or 0",
    later,
    parse: (given) => (given.trim() === 'all' ? 'all' : Number(given)),
    accept: (given) => (given === 'all' || given === -1 || given === 0 || given === 1 ? given : undefined),
  }),
  /** No record is stored twice, and none out of order, whatever is retried (KIP-98). */
  enableIdempotence: flag({ default: true, later }),
  /** How long a batch waits for more records. */
  lingerMs: ms({ default: 5, later }),
  /** A batch is sent when it has so many bytes. */
  batchBytes: bytes({ default: 1_000_000, java: 'batch.size', later }),
  /** The largest request sent. */
  maxRequestBytes: bytes({ default: 1_048_576, java: 'max.request.size', later }),
  /** Memory for records that wait to be sent. */
  bufferMemoryBytes: bytes({ default: 33_554_432, java: 'buffer.memory', later }),
  /** How batches are compressed; `{ type: 'zstd', level: 3 }` sets the level too. */
  compression: special<Codec | { type: Codec; level?: number }>()({
    type: "'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd' | { type, level }",
    default: 'none',
    java: 'compression.type',
    expected: "'none', 'gzip', 'snappy', 'lz4', 'zstd' or { type, level }",
    later,
    parse: (given) => given.trim().toLowerCase(),
    accept: (given) => (CODECS.includes(typeOf(given) as Codec) ? (given as Codec) : undefined),
  }),
  /** Requests on their way on one connection. */
  maxInFlight: count({ default: 5, min: 1, java: 'max.in.flight.requests.per.connection', later }),
  /** Attempts after the first; what really bounds them is `deliveryTimeoutMs`. */
  retries: count({ default: Infinity, unlimited: true, later }),
  /** How long a record may take from `send` to its report. */
  deliveryTimeoutMs: ms({ default: 120_000, later }),
  /** Names the producer across restarts and makes transactions possible. */
  transactionalId: text({ later }),
  /** The broker aborts a transaction that takes longer. */
  transactionTimeoutMs: ms({ default: 60_000, min: 1, java: 'transaction.timeout.ms', later }),
  /** How a key chooses its partition: like Java's client; records without a key stick to a partition per batch. */
  partitioner: choice(['murmur2'], { default: 'murmur2', java: false, later }),
}

const typeOf = (given: unknown) =>
  typeof given === 'object' && given !== null ? (given as { type?: unknown }).type : given
