// OffsetForLeaderEpoch, v2 to v4: where an epoch ended, so that a client notices a truncated log (KIP-320). [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler } from '../handler.ts'
import { findPartition } from '../partition-reader.ts'

export const offsetForLeaderEpoch: Handler<'OffsetForLeaderEpoch'> = {
  handle(request, { cluster, node }) {
    const topics = request.topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition: index, currentLeaderEpoch, leaderEpoch }) => {
        const partition = findPartition(cluster, { topic, topicId: '', partition: index }, 0)
        if (typeof partition === 'number') return { partition: index, errorCode: partition }
        const errorCode = cluster.leaderError(node, partition, currentLeaderEpoch)
        if (errorCode !== ErrorCode.NONE) return { partition: index, errorCode }
        const { epoch, endOffset } = partition.log.epochs.endOf(leaderEpoch, partition.log.endOffset)
        return { partition: index, leaderEpoch: epoch, endOffset }
      }),
    }))
    return { topics }
  },

  refuse(request, errorCode) {
    return {
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition }) => ({ partition, errorCode })),
      })),
    }
  },
}
