// Options of consumers and of consumer groups; those of membership are refused until it is there. [main thread]
import { choice, count, flag, ms, special, text } from './option-row.ts'

const later = 'consumer groups'

/** The rows of a group consumer. */
export const groupOptions = {
  /** The group that offsets are committed for. */
  groupId: text({}),
  /** A name that survives restarts, so that they cause no rebalance (KIP-345). */
  groupInstanceId: text({ later }),
  /** `consumer` is the better choice with brokers from 4.0 (KIP-848). */
  groupProtocol: choice(['classic', 'consumer'], { default: 'classic', later }),
  /** The server's assignor, with `groupProtocol: 'consumer'`. */
  groupRemoteAssignor: text({ later }),
  /** How the classic protocol shares partitions out. */
  partitionAssignmentStrategy: special<readonly string[]>()({
    type: 'string[]',
    default: ['cooperative-sticky'],
    expected: 'a list of assignors',
    later,
    parse: (given) => given.split(',').map((name) => name.trim()),
    accept: (given) => (Array.isArray(given) ? (given as string[]) : undefined),
  }),
  /** Where to start in a partition without a committed offset. */
  autoOffsetReset: choice(['latest', 'earliest', 'none'], { default: 'latest' }),
  /** Commit processed offsets from time to time. */
  autoCommit: flag({ default: true, java: 'enable.auto.commit' }),
  /** The time between two such commits. */
  autoCommitIntervalMs: ms({ default: 5_000, min: 1 }),
  /** Records of a partition that may be processed behind one that is not; then no more of it are handed out. */
  maxGapRecords: count({ default: 100_000, min: 1, java: false }),
  /** A member unheard of for so long leaves the group. */
  sessionTimeoutMs: ms({ default: 45_000, later }),
  /** The time between two heartbeats. */
  heartbeatIntervalMs: ms({ default: 3_000, later }),
  /** A member that processes nothing for so long leaves the group. */
  maxPollIntervalMs: ms({ default: 300_000, min: 1, later }),
  /** Records waiting on the main thread for `recv` and one-at-a-time reading. */
  maxBufferedRecords: count({ default: 500, min: 1, java: false, later }),
}
