// ConsumerGroupDescribe, v0 and v1: state and members of KIP-848 groups. [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { ConsumerGroup } from '../groups/consumer-group.ts'
import { authorizedOperations, refuseGroup } from '../groups/coordination.ts'
import { byTopic, type PartitionKey } from '../groups/topic-partition-key.ts'
import type { Handler, RequestContext } from '../handler.ts'

/** KIP-1099: 0 is a classic member of such a group, which there is none of here. */
const CONSUMER_MEMBER = 1

export const consumerGroupDescribe: Handler<'ConsumerGroupDescribe'> = {
  handle: (request, context) => ({
    groups: request.groupIds.map((groupId) => ({
      groupId,
      ...describe(context, groupId),
      authorizedOperations: authorizedOperations(request.includeAuthorizedOperations),
    })),
  }),

  refuse: (request, errorCode) => ({ groups: request.groupIds.map((groupId) => ({ groupId, errorCode })) }),
}

function describe(context: RequestContext, groupId: string) {
  const errorCode = refuseGroup(context, groupId)
  if (errorCode !== ErrorCode.NONE) return { errorCode }
  const group = context.cluster.groups.consumer(groupId, false)
  if (group !== undefined) return describeGroup(context, group)
  return { errorCode: ErrorCode.GROUP_ID_NOT_FOUND, errorMessage: `Group ${groupId} is not a consumer group.` }
}

function describeGroup(context: RequestContext, group: ConsumerGroup) {
  return {
    groupState: group.state,
    groupEpoch: group.epoch,
    assignmentEpoch: group.assignmentEpoch,
    assignorName: group.assignor,
    members: [...group.members.values()].map((member) => ({
      memberId: member.id,
      instanceId: member.instanceId,
      rackId: member.rackId,
      memberEpoch: member.epoch,
      clientId: member.clientId,
      clientHost: member.clientHost,
      subscribedTopicNames: member.topicNames,
      subscribedTopicRegex: member.topicRegex,
      // What it has to give back it may still have.
      assignment: named(context, [...member.assigned.keys(), ...member.revoking.keys()]),
      targetAssignment: named(context, group.targets.get(member.id) ?? []),
      memberType: CONSUMER_MEMBER,
    })),
  }
}

/** Topics that were deleted since are left out, as they have no name any more. */
function named({ cluster }: RequestContext, keys: Iterable<PartitionKey>) {
  const topicPartitions = byTopic(keys).flatMap(({ topicId, partitions }) => {
    const topicName = cluster.topicById(topicId)?.name
    return topicName === undefined ? [] : { topicId, topicName, partitions }
  })
  return { topicPartitions }
}
