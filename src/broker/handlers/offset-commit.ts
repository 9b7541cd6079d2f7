// OffsetCommit, v2 to v10: stores what clients outside of any membership commit. [broker]
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { findPartition } from '../partition-reader.ts'
import { coordinatorOf } from './find-coordinator.ts'

/** As `offset.metadata.max.bytes`. */
const METADATA_BYTES_MAX = 4096

export const offsetCommit: Handler<'OffsetCommit'> = {
  handle(request, context) {
    const groupError = refuseGroup(request, context)
    if (groupError !== ErrorCode.NONE) return this.refuse(request, groupError, context)
    return answerAll(request, (topic, partition) => {
      const found = findPartition(
        context.cluster,
        { ...topic, partition: partition.partitionIndex },
        lookupVersion(context),
      )
      if (typeof found === 'number') return found
      const metadata = partition.committedMetadata ?? ''
      if (Buffer.byteLength(metadata) > METADATA_BYTES_MAX) return ErrorCode.OFFSET_METADATA_TOO_LARGE
      const { committedOffset: offset, committedLeaderEpoch: leaderEpoch } = partition
      context.cluster.offsets.commit(request.groupId, found.topic.name, found.index, { offset, leaderEpoch, metadata })
      return ErrorCode.NONE
    })
  },

  refuse: (request, errorCode) => answerAll(request, () => errorCode),
}

/** Topics have ids from v10 on, as in Fetch from v13 on. */
function lookupVersion({ version }: RequestContext): number {
  return version >= 10 ? 13 : 0
}

/** There are no members here, so whoever claims to be one is refused, as Kafka does with an unknown group. */
function refuseGroup(request: RequestOf<'OffsetCommit'>, { cluster, node }: RequestContext): number {
  if (coordinatorOf(cluster, request.groupId) !== node) return ErrorCode.NOT_COORDINATOR
  return request.generationIdOrMemberEpoch >= 0 ? ErrorCode.ILLEGAL_GENERATION : ErrorCode.NONE
}

type Topic = RequestOf<'OffsetCommit'>['topics'][number]

function answerAll(
  request: RequestOf<'OffsetCommit'>,
  answer: (topic: { topic: string; topicId: string }, partition: Topic['partitions'][number]) => number,
): ResponseInput<'OffsetCommit'> {
  return {
    topics: request.topics.map(({ name, topicId, partitions }) => ({
      name,
      topicId,
      partitions: partitions.map((partition) => ({
        partitionIndex: partition.partitionIndex,
        errorCode: answer({ topic: name, topicId }, partition),
      })),
    })),
  }
}
