// Reads the partitions of one fetch, under its limits of bytes, as Kafka's ReplicaManager does. [broker]
import { ErrorCode } from '../protocol/errors.ts'
import type { Cluster, Node } from './cluster.ts'
import { failedPartition, type PartitionAnswer } from './fetch-answer.ts'
import type { SessionPartition } from './session-cache.ts'
import type { Partition } from './topic.ts'

/** As `fetch.max.bytes` of a broker: whatever a client asks for, an answer is not larger (but for one large batch). */
export const FETCH_BYTES_MAX = 55 * 1024 * 1024

/** What one fetch may see, and how much. */
export interface ReadLimits {
  version: number
  maxBytes: number
  minBytes: number
  readCommitted: boolean
  /** Of the client; empty: it reads from leaders only. */
  rack: string
}

/** What was read. */
export interface Reading {
  /** One for each partition asked for, in that order. */
  answers: PartitionAnswer[]
  sizeBytes: number
  /** Nothing would be gained by waiting. */
  ready: boolean
}

/** Reads all partitions; a fetch that gets less than `minBytes` and no error is not ready. */
export function readPartitions(
  cluster: Cluster,
  node: Node,
  wanted: readonly SessionPartition[],
  limits: ReadLimits,
): Reading {
  let left = Math.min(limits.maxBytes, FETCH_BYTES_MAX)
  const reading: Reading = { answers: [], sizeBytes: 0, ready: false }
  let readable = 0
  for (const want of wanted) {
    const partition = findPartition(cluster, want, limits.version)
    if (typeof partition === 'number') {
      reading.answers.push({ ...failedPartition(want.partition, partition), abortedTransactions: [] })
      continue
    }
    readable++
    const answer = readOne(cluster, node, partition, want, { ...limits, maxBytes: left }, reading.sizeBytes === 0)
    reading.answers.push(answer)
    reading.sizeBytes += answer.records.sizeBytes
    left = Math.max(0, left - answer.records.sizeBytes)
    // As in Kafka an unknown topic alone does not end the wait of the others.
    if (answer.errorCode !== ErrorCode.NONE || answer.divergingEpoch !== undefined) reading.ready = true
    if (answer.preferredReadReplica >= 0) reading.ready = true
  }
  if (readable === 0 || reading.sizeBytes >= Math.min(limits.minBytes, FETCH_BYTES_MAX)) reading.ready = true
  return reading
}

/** The partition, or the error code that says what is missing. */
export function findPartition(
  cluster: Cluster,
  want: Pick<SessionPartition, 'topic' | 'topicId' | 'partition'>,
  version: number,
): Partition | number {
  const topic = version >= 13 ? cluster.topicById(want.topicId) : cluster.topics.get(want.topic)
  if (topic === undefined) return version >= 13 ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return topic.partitions[want.partition] ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
}

function readOne(
  cluster: Cluster,
  node: Node,
  partition: Partition,
  want: SessionPartition,
  limits: ReadLimits,
  minOneBatch: boolean,
): PartitionAnswer {
  const { log } = partition
  const leaderError = cluster.leaderError(node, partition, want.currentLeaderEpoch)
  const follows = leaderError === ErrorCode.NOT_LEADER_OR_FOLLOWER && servesAsFollower(node, partition, limits)
  if (leaderError !== ErrorCode.NONE && !follows) return notLeader(partition, leaderError, limits.version)
  const { highWatermark, lastStableOffset, startOffset } = log
  const answer: PartitionAnswer = {
    ...failedPartition(partition.index, ErrorCode.NONE),
    highWatermark,
    lastStableOffset,
    logStartOffset: startOffset,
  }
  const closer = follows ? undefined : closerReplica(cluster, node, partition, limits.rack)
  if (closer !== undefined) return { ...answer, preferredReadReplica: closer }
  if (limits.version >= 12 && want.lastFetchedEpoch >= 0) {
    const end = log.epochs.endOf(want.lastFetchedEpoch, log.endOffset)
    if (end.endOffset < 0) return failedPartition(partition.index, ErrorCode.OFFSET_OUT_OF_RANGE)
    if (end.epoch < want.lastFetchedEpoch || end.endOffset < want.fetchOffset) {
      return { ...answer, divergingEpoch: end, abortedTransactions: limits.readCommitted ? [] : null }
    }
  }
  if (want.fetchOffset < startOffset || want.fetchOffset > log.endOffset) {
    return failedPartition(partition.index, ErrorCode.OFFSET_OUT_OF_RANGE)
  }
  const upTo = limits.readCommitted ? lastStableOffset : highWatermark
  const maxBytes = Math.max(0, Math.min(want.partitionMaxBytes, limits.maxBytes))
  const slice = log.read(want.fetchOffset, upTo, maxBytes, minOneBatch)
  answer.records = slice
  // As in Kafka nothing is said of them where even the first batch does not fit.
  const starved = slice.sizeBytes === 0 && log.bytesBetween(want.fetchOffset, upTo, 1) > 0
  if (limits.readCommitted && !starved) {
    answer.abortedTransactions = log.abortedBetween(want.fetchOffset, slice.endOffset)
  }
  return answer
}

/** Replicas are always in sync here. Who names no rack is sent to the leader, as by a Kafka without a selector. */
function servesAsFollower(node: Node, partition: Partition, { version, rack }: ReadLimits): boolean {
  return version >= 11 && rack !== '' && partition.replicas.includes(node.id)
}

/** As Kafka's RackAwareReplicaSelector: a replica in the rack of the client, if the leader is in another (KIP-392). */
function closerReplica({ nodes }: Cluster, leader: Node, { replicas }: Partition, rack: string): number | undefined {
  if (rack === '' || leader.rack === rack) return undefined
  return nodes.find((node) => node.live && node.rack === rack && replicas.includes(node.id))?.id
}

/** From v16 on the answer says who leads, so that the client need not ask for metadata (KIP-951). */
function notLeader(partition: Partition, errorCode: number, version: number): PartitionAnswer {
  const failed = failedPartition(partition.index, errorCode)
  if (version < 16 || errorCode === ErrorCode.UNKNOWN_LEADER_EPOCH) return failed
  return { ...failed, currentLeader: { leaderId: partition.leader, leaderEpoch: partition.leaderEpoch } }
}
