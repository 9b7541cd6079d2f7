// OffsetCommit, v2 to v10: stores what members commit, and clients outside of any membership. [broker]
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { refuseCoordination } from '../groups/coordination.ts'
import type { CommitClaim } from '../groups/group.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { findPartition } from '../partition-reader.ts'

export const offsetCommit: Handler<'OffsetCommit'> = {
  handle(request, context) {
    const { cluster } = context
    const { offsetMetadataMaxBytes } = cluster.groups.world.options
    const claim = claimOf(request, context)
    const groupError = refuseCommit(request, claim, context)
    const group = cluster.groups.get(request.groupId)
    return answerAll(request, (topic, partition) => {
      const want = { ...topic, partition: partition.partitionIndex }
      const found = findPartition(cluster, want, lookupVersion(context))
      if (typeof found === 'number') return found
      const isLate = groupError === ErrorCode.STALE_MEMBER_EPOCH
      const takesLate = isLate && group?.takesLate(claim, found.topic.id, found.index)
      if (groupError !== ErrorCode.NONE && !takesLate) return groupError
      const metadata = partition.committedMetadata ?? ''
      if (Buffer.byteLength(metadata) > offsetMetadataMaxBytes) return ErrorCode.OFFSET_METADATA_TOO_LARGE
      const { committedOffset: offset, committedLeaderEpoch: leaderEpoch } = partition
      cluster.offsets.commit(request.groupId, found.topic.name, found.index, { offset, leaderEpoch, metadata })
      return ErrorCode.NONE
    })
  },

  refuse: (request, errorCode) => answerAll(request, () => errorCode),
}

/** Topics have ids from v10 on, as in Fetch from v13 on. */
function lookupVersion({ version }: RequestContext): number {
  return version >= 10 ? 13 : 0
}

function claimOf(request: RequestOf<'OffsetCommit'>, { version }: RequestContext): CommitClaim {
  const { memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request
  return { memberId, groupInstanceId, generationId, transactional: false, version }
}

function refuseCommit({ groupId }: RequestOf<'OffsetCommit'>, claim: CommitClaim, context: RequestContext): number {
  const errorCode = refuseCoordination(context, groupId)
  return errorCode === ErrorCode.NONE ? context.cluster.groups.refuseCommit(groupId, claim) : errorCode
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
