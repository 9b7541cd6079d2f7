// OffsetDelete, v0: positions of topics that the group does not read any more (KIP-496). [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import { refuseCoordination } from '../groups/coordination.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { findPartition } from '../partition-reader.ts'

export const offsetDelete: Handler<'OffsetDelete'> = {
  handle(request, context) {
    const { cluster } = context
    const errorCode = refuseDelete(context, request.groupId)
    if (errorCode !== ErrorCode.NONE) return this.refuse(request, errorCode, context)
    const group = cluster.groups.get(request.groupId)!
    const topics = request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        const found = findPartition(cluster, { topic: name, topicId: '', partition: partitionIndex }, 0)
        if (typeof found === 'number') return { partitionIndex, errorCode: found }
        if (group.subscribes(name)) return { partitionIndex, errorCode: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC }
        cluster.offsets.forget({ group: group.id, topic: name, partition: partitionIndex })
        return { partitionIndex, errorCode: ErrorCode.NONE }
      }),
    }))
    return { errorCode, topics }
  },

  refuse: (_request, errorCode) => ({ errorCode }),
}

function refuseDelete(context: RequestContext, groupId: string): number {
  const errorCode = refuseCoordination(context, groupId)
  if (errorCode !== ErrorCode.NONE) return errorCode
  const group = context.cluster.groups.get(groupId)
  if (group === undefined) return ErrorCode.GROUP_ID_NOT_FOUND
  // What the members of another protocol read is unknown here.
  return group.isEmpty || group.protocolType === 'consumer' ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP
}
