// Options of consumers and of consumer groups. [main thread]
import type { Assignor } from '../group/assignor.ts'
import { type ConsumerInterceptor, isInterceptors } from './consumer-interceptors.ts'
import { checkListener, type RebalanceListener } from './group-listener.ts'
import { choice, count, flag, ms, special, text } from './option-row.ts'

/** Where to start in a partition: an offset. */
export interface InitialOffset {
  topic: string
  partition: number
  offset: number
}

/** The classes of Kafka's assignors, as Java's files name them. */
const ofJava = new Map(
  [
    ['RangeAssignor', 'range'],
    ['RoundRobinAssignor', 'roundrobin'],
    ['StickyAssignor', 'sticky'],
    ['CooperativeStickyAssignor', 'cooperative-sticky'],
  ].map(([name, ours]) => [`org.apache.kafka.clients.consumer.${name}`, ours!]),
)

/** The rows of a group consumer. */
export const groupOptions = {
  /** The group that offsets are committed for, and that `subscribe` joins. */
  groupId: text({}),
  /** Told of partitions that come and go: `{ onAssigned, onRevoked, onLost }`, each awaited. */
  rebalanceListener: special<RebalanceListener>()({
    type: '{ onAssigned, onRevoked, onLost }',
    java: false,
    expected: 'an object of functions: onAssigned, onRevoked, onLost',
    accept: (given) => checkListener('rebalanceListener', given),
  }),
  /** A name that survives restarts, so that they cause no rebalance (KIP-345). */
  groupInstanceId: text({}),
  /** `consumer` is the better choice with brokers from 4.0 (KIP-848). */
  groupProtocol: choice(['classic', 'consumer'], { default: 'classic' }),
  /** The server's assignor, with `groupProtocol: 'consumer'`: `uniform`, `range`, or one of the broker's own. */
  groupRemoteAssignor: text({}),
  /** How the classic protocol shares partitions out: names of Kafka's assignors, or objects like those. */
  partitionAssignmentStrategy: special<string | Assignor | readonly (string | Assignor)[]>()({
    type: '(string | Assignor)[]',
    defaultText: "['cooperative-sticky']",
    expected:
      "a list of assignors: 'range', 'roundrobin', 'sticky', 'cooperative-sticky', or { name, protocol, assign }",
    parse: (given) => given.split(',').map((name) => ofJava.get(name.trim()) ?? name.trim()),
    accept: (given) => (isStrategy(given) ? given : undefined),
  }),
  /** Where to start in a partition without a committed offset. */
  autoOffsetReset: special<'latest' | 'earliest' | 'none' | Date>()({
    type: "'latest' | 'earliest' | 'none' | Date",
    default: 'latest',
    expected: "'latest', 'earliest', 'none' or a Date",
    parse: (given) => given.trim().toLowerCase(),
    accept: (given) => (isReset(given) ? given : undefined),
  }),
  /** Where to start in partitions without a committed offset, before `autoOffsetReset` is asked. */
  initialOffsets: special<readonly InitialOffset[]>()({
    type: '{ topic, partition, offset }[]',
    java: false,
    expected: 'a list of { topic, partition, offset }',
    accept: (given) => (isOffsets(given) ? given : undefined),
  }),
  /** Replays once from there, whatever is committed: a time for all partitions, or offsets for some. */
  startAt: special<Date | readonly InitialOffset[]>()({
    type: 'Date | { topic, partition, offset }[]',
    java: false,
    expected: 'a Date or a list of { topic, partition, offset }',
    accept: (given) => (isTime(given) || isOffsets(given) ? given : undefined),
  }),
  /** See every batch before user code does, and every commit. */
  interceptors: special<readonly ConsumerInterceptor[]>()({
    type: '{ onConsume?, onCommit? }[]',
    java: false,
    expected: 'a list of { onConsume(batch), onCommit(offsets) }',
    accept: (given) => (isInterceptors(given) ? given : undefined),
  }),
  /** Commit processed offsets from time to time. */
  autoCommit: flag({ default: true, java: 'enable.auto.commit' }),
  /** The time between two such commits. */
  autoCommitIntervalMs: ms({ default: 5_000, min: 1 }),
  /** Records of a partition that may be processed behind one that is not; then no more of it are handed out. */
  maxGapRecords: count({ default: 100_000, min: 1, java: false }),
  /** A member unheard of for so long leaves the group. */
  sessionTimeoutMs: ms({ default: 45_000, min: 1 }),
  /** The time between two heartbeats; at most a third of `sessionTimeoutMs`. */
  heartbeatIntervalMs: ms({ default: 3_000, min: 1 }),
  /** With `groupProtocol: 'consumer'` the broker sets that time; it is never taken to be shorter than this. */
  heartbeatFloorMs: ms({ default: 1_000, min: 1, java: false }),
  /** A member that processes nothing for so long leaves the group; members of it are awaited as long. */
  maxPollIntervalMs: ms({ default: 300_000, min: 1 }),
  /** The most records, of all partitions, that `batches({ maxRecords })` holds back; others take one at a time. */
  maxBufferedRecords: count({ default: 500, min: 1, java: false }),
}

function isStrategy(given: unknown): given is string | Assignor | readonly (string | Assignor)[] {
  const all = Array.isArray(given) ? given : [given]
  const isAssignor = (one: Assignor | undefined) =>
    typeof one?.name === 'string' && typeof one.assign === 'function' && ['eager', 'cooperative'].includes(one.protocol)
  return all.length > 0 && all.every((one) => typeof one === 'string' || isAssignor(one))
}

function isReset(given: unknown): given is 'latest' | 'earliest' | 'none' | Date {
  return isTime(given) || ['latest', 'earliest', 'none'].includes(given as string)
}

function isTime(given: unknown): given is Date {
  return given instanceof Date && !Number.isNaN(given.getTime())
}

function isOffsets(given: unknown): given is readonly InitialOffset[] {
  const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0
  return (
    Array.isArray(given) &&
    given.every(
      ({ topic, partition, offset } = {}) => typeof topic === 'string' && isCount(partition) && isCount(offset),
    )
  )
}
