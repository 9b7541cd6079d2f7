// ListOffsets, v1 to v11: the ends of a partition, and the first offset at or after a time. [broker]
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { EARLIEST, EARLIEST_LOCAL, LATEST, MAX_TIMESTAMP, TIMESTAMP_SINCE } from '../../protocol/offset-timestamps.ts'
import { decodeRecords } from '../decode-records.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { findPartition } from '../partition-reader.ts'
import type { Partition } from '../topic.ts'

type PartitionRequest = RequestOf<'ListOffsets'>['topics'][number]['partitions'][number]
type TopicAnswer = NonNullable<NonNullable<ResponseInput<'ListOffsets'>['topics']>[number]>
type PartitionAnswer = NonNullable<TopicAnswer['partitions']>[number]

const READ_COMMITTED = 1
const LEADER_EPOCH_SINCE = 4

export const listOffsets: Handler<'ListOffsets'> = {
  async handle(request, context) {
    const topics: TopicAnswer[] = []
    for (const { name, partitions } of request.topics) {
      const answers: PartitionAnswer[] = []
      for (const want of partitions) {
        const found = listOne(name, want, request.isolationLevel === READ_COMMITTED, context)
        const { leaderEpoch = -1, ...answer } = found instanceof Promise ? await found : found
        const epoch = context.version >= LEADER_EPOCH_SINCE ? { leaderEpoch } : {}
        answers.push({ partitionIndex: want.partitionIndex, ...answer, ...epoch })
      }
      topics.push({ name, partitions: answers })
    }
    return { topics }
  },

  refuse(request, errorCode) {
    return {
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
      })),
    }
  },
}

function listOne(
  topic: string,
  want: PartitionRequest,
  readCommitted: boolean,
  { cluster, node, version }: RequestContext,
): PartitionAnswer | Promise<PartitionAnswer> {
  const partition = findPartition(cluster, { topic, topicId: '', partition: want.partitionIndex }, 0)
  if (typeof partition === 'number') return { errorCode: partition }
  const leaderError = cluster.leaderError(node, partition, want.currentLeaderEpoch)
  if (leaderError !== ErrorCode.NONE) return { errorCode: leaderError }
  const { log } = partition
  const { timestamp } = want
  if (timestamp < EARLIEST && version < (TIMESTAMP_SINCE.get(timestamp) ?? Infinity)) {
    return { errorCode: ErrorCode.UNSUPPORTED_VERSION }
  }
  const end = readCommitted ? log.lastStableOffset : log.highWatermark
  if (timestamp === LATEST) return found(partition, end, -1, partition.leaderEpoch)
  // All lies on this broker.
  if (timestamp === EARLIEST || timestamp === EARLIEST_LOCAL) return found(partition, log.startOffset, -1)
  // Nothing is tiered: there is no last offset of another tier (-5), nor an upload to come (-6).
  if (timestamp < MAX_TIMESTAMP) return {}
  return search(partition, timestamp, end)
}

/** The first record at or after the time, or the first of those with the largest time. */
async function search(partition: Partition, timestamp: number, end: number): Promise<PartitionAnswer> {
  const { log } = partition
  const batches = log.batches.filter(({ marker }) => marker === undefined)
  const wanted =
    timestamp === MAX_TIMESTAMP ? batches.reduce((max, { maxTimestamp }) => Math.max(max, maxTimestamp), 0) : timestamp
  for (const batch of batches) {
    if (batch.maxTimestamp < wanted) continue
    const records = await decodeRecords(log.bytesOf(batch))
    const record = records.find((it) => it.timestamp >= wanted && it.offset >= log.startOffset)
    if (record === undefined) continue
    return record.offset >= end ? {} : found(partition, record.offset, record.timestamp)
  }
  return {}
}

function found(partition: Partition, offset: number, timestamp: number, leaderEpoch?: number): PartitionAnswer {
  return { offset, timestamp, leaderEpoch: leaderEpoch ?? partition.log.epochs.epochAt(offset) }
}
