// ConsumerGroupHeartbeat, v0 and v1: the whole of KIP-848 for a member; ids made by clients from v1 on (KIP-1082).
// [broker]
import type { RequestOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { refusal } from '../groups/consumer-group.ts'
import { STATIC_LEAVE_EPOCH } from '../groups/consumer-member.ts'
import { clientOf, refuseCoordination } from '../groups/coordination.ts'
import { isServerAssignor, serverAssignors } from '../groups/server-assignors.ts'
import { TopicPattern } from '../groups/topic-pattern.ts'
import type { Handler } from '../handler.ts'

const JOIN_EPOCH = 0

type Request = RequestOf<'ConsumerGroupHeartbeat'>

export const consumerGroupHeartbeat: Handler<'ConsumerGroupHeartbeat'> = {
  handle(request, context) {
    const { groupId, memberEpoch, serverAssignor, subscribedTopicRegex: regex } = request
    const { groups } = context.cluster
    const invalid = whyInvalid(request, context.version)
    if (invalid !== undefined) return refusal(ErrorCode.INVALID_REQUEST, invalid)
    if (serverAssignor !== null && !isServerAssignor(serverAssignor)) {
      const known = Object.keys(serverAssignors).join(', ')
      const text = `ServerAssignor ${serverAssignor} is not supported. Supported assignors: ${known}.`
      return refusal(ErrorCode.UNSUPPORTED_ASSIGNOR, text)
    }
    const errorCode = refuseCoordination(context, groupId)
    if (errorCode !== ErrorCode.NONE) return this.refuse(request, errorCode, context)
    const pattern = regex === null || regex === '' ? undefined : TopicPattern.parse(regex)
    if (typeof pattern === 'string') return refusal(ErrorCode.INVALID_REGULAR_EXPRESSION, pattern)
    const group = groups.consumer(groupId, memberEpoch === JOIN_EPOCH)
    if (group === undefined) {
      return refusal(ErrorCode.GROUP_ID_NOT_FOUND, `Group ${groupId} is not there, or is not a consumer group.`)
    }
    const memberId = request.memberId === '' ? context.cluster.newUuid() : request.memberId
    const heartbeat = { ...request, ...clientOf(context), memberId, pattern }
    return memberEpoch < JOIN_EPOCH ? group.leave(heartbeat) : group.heartbeat(heartbeat)
  },

  refuse: (_request, errorCode) => ({ errorCode }),
}

/** What is wrong with the request as such. */
function whyInvalid(request: Request, version: number): string | undefined {
  const { groupId, memberId, memberEpoch, instanceId, rackId } = request
  if (memberId === '' && (version >= 1 || memberEpoch !== JOIN_EPOCH)) return "MemberId can't be empty."
  if (groupId === '') return "GroupId can't be empty."
  if (instanceId === '') return "InstanceId can't be empty."
  if (rackId === '') return "RackId can't be empty."
  if (memberEpoch === JOIN_EPOCH) return whyInvalidJoin(request)
  if (memberEpoch === STATIC_LEAVE_EPOCH && instanceId === null) return "InstanceId can't be null."
  return memberEpoch < STATIC_LEAVE_EPOCH ? `MemberEpoch ${memberEpoch} is invalid.` : undefined
}

/** The first heartbeat tells everything. */
function whyInvalidJoin(request: Request): string | undefined {
  const { rebalanceTimeoutMs, topicPartitions, subscribedTopicNames, subscribedTopicRegex } = request
  if (rebalanceTimeoutMs === -1) return 'RebalanceTimeoutMs must be provided in first request.'
  if (topicPartitions === null || topicPartitions.length > 0) return 'TopicPartitions must be empty when (re-)joining.'
  if (subscribedTopicNames !== null || subscribedTopicRegex !== null) return undefined
  return 'Either SubscribedTopicNames or SubscribedTopicRegex must be non-null when (re-)joining.'
}
