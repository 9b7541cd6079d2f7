// DeleteRecords, v0 to v2: moves the start of partitions forward (KIP-107). [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { findPartition } from '../partition-reader.ts'

/** "Everything that there is now." */
const HIGH_WATERMARK = -1

export const deleteRecords: Handler<'DeleteRecords'> = {
  handle(request, context) {
    return {
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, offset }) => ({
          partitionIndex,
          ...deleteBefore(name, partitionIndex, offset, context),
        })),
      })),
    }
  },

  refuse: (request, errorCode) => ({
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, lowWatermark: -1, errorCode })),
    })),
  }),
}

function deleteBefore(topic: string, index: number, offset: number, { cluster, node }: RequestContext) {
  const partition = findPartition(cluster, { topic, topicId: '', partition: index }, 0)
  if (typeof partition === 'number') return { lowWatermark: -1, errorCode: partition }
  const leaderError = cluster.leaderError(node, partition, -1)
  if (leaderError !== ErrorCode.NONE) return { lowWatermark: -1, errorCode: leaderError }
  const { log } = partition
  const before = offset === HIGH_WATERMARK ? log.highWatermark : offset
  if (before < 0 || before > log.highWatermark) return { lowWatermark: -1, errorCode: ErrorCode.OFFSET_OUT_OF_RANGE }
  log.deleteBefore(before)
  cluster.changed(partition)
  return { lowWatermark: log.startOffset, errorCode: ErrorCode.NONE }
}
