// OffsetCommit, v2 to v10: stores what members commit, and clients outside of any membership. [broker]
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { refuseCoordination } from '../groups/coordination.ts'
import type { CommitVerdict } from '../groups/groups.ts'
import { offsetToCommit } from '../groups/offset-to-commit.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { findPartition } from '../partition-reader.ts'

export const offsetCommit: Handler<'OffsetCommit'> = {
  handle(request, context) {
    const { cluster } = context
    const { offsetMetadataMaxBytes } = cluster.groups.world.options
    const verdict = judge(request, context)
    return answerAll(request, (topic, partition) => {
      const want = { ...topic, partition: partition.partitionIndex }
      const found = findPartition(cluster, want, lookupVersion(context))
      if (typeof found === 'number') return found
      const errorCode = verdict(found.topic.id, found.index)
      if (errorCode !== ErrorCode.NONE) return errorCode
      const offset = offsetToCommit(partition, offsetMetadataMaxBytes)
      if (typeof offset === 'number') return offset
      cluster.offsets.commit(request.groupId, found.topic.name, found.index, offset)
      return ErrorCode.NONE
    })
  },

  refuse: (request, errorCode) => answerAll(request, () => errorCode),
}

/** Topics have ids from v10 on, as in Fetch from v13 on. */
function lookupVersion({ version }: RequestContext): number {
  return version >= 10 ? 13 : 0
}

function judge(request: RequestOf<'OffsetCommit'>, context: RequestContext): CommitVerdict {
  const { groupId, memberId, groupInstanceId, generationIdOrMemberEpoch: generationId } = request
  const errorCode = refuseCoordination(context, groupId)
  if (errorCode !== ErrorCode.NONE) return () => errorCode
  const claim = { memberId, groupInstanceId, generationId, transactional: false, version: context.version }
  return context.cluster.groups.judgeCommit(groupId, claim)
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
