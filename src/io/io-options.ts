// The options that the I/O thread needs, as plain data: named and meant as in the public option table. [I/O thread]
import type { Address } from '../base/transport.ts'

/** Settings of connections, metadata and retries. Durations in ms. */
export interface IoOptions {
  /** Where to start from, tried in turn. */
  brokers: readonly Address[]
  clientId: string
  /** How long a request may wait for its answer once it was written. */
  requestTimeoutMs: number
  /** How long a connection may take until it is usable: TCP, version negotiation and authentication together. */
  connectTimeoutMs: number
  reconnectBackoffMs: number
  reconnectBackoffMaxMs: number
  retryBackoffMs: number
  retryBackoffMaxMs: number
  /** A connection unused for so long is closed. */
  connectionsMaxIdleMs: number
  /** Metadata older than this is fetched again in full. */
  metadataMaxAgeMs: number
  /** A topic nobody asked about for so long is forgotten; Infinity keeps all. */
  metadataMaxIdleMs: number
  /** Whether to go back to `brokers` when no known broker can be reached (KIP-899). */
  metadataRecoveryStrategy: 'rebootstrap' | 'none'
  /** Metadata not obtained for so long means starting over from `brokers` (KIP-1102). */
  metadataRecoveryRebootstrapTriggerMs: number
  /** Bounds every call as a whole, retries included. */
  defaultApiTimeoutMs: number
  /** How many requests may wait for an answer on one connection. */
  maxInFlight: number
  /** A longer answer is refused before anything is allocated for it. */
  maxResponseBytes: number
  /** A broker's throttle (KIP-219) is honoured up to here. */
  throttleMaxMs: number
  allowAutoTopicCreation: boolean
  clientRack: string
}

/** The defaults of the public option table, for roles started without one. */
export const ioDefaults: Omit<IoOptions, 'brokers'> = {
  clientId: 'millrace',
  requestTimeoutMs: 30_000,
  connectTimeoutMs: 10_000,
  reconnectBackoffMs: 50,
  reconnectBackoffMaxMs: 1_000,
  retryBackoffMs: 100,
  retryBackoffMaxMs: 1_000,
  connectionsMaxIdleMs: 540_000,
  metadataMaxAgeMs: 300_000,
  metadataMaxIdleMs: 300_000,
  metadataRecoveryStrategy: 'rebootstrap',
  metadataRecoveryRebootstrapTriggerMs: 300_000,
  defaultApiTimeoutMs: 60_000,
  maxInFlight: 5,
  // fetchMaxBytes of 50 MiB plus 1 MiB is below this; the 100 MB of librdkafka.
  maxResponseBytes: 104_857_600,
  throttleMaxMs: 30_000,
  allowAutoTopicCreation: false,
  clientRack: '',
}
