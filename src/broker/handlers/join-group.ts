// JoinGroup, v0 to v9: answered when the generation is complete (KIP-345, KIP-394, KIP-814). [broker]
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { clientOf, refuseGroup } from '../groups/coordination.ts'
import type { Handler, RequestContext } from '../handler.ts'

/** The first version whose members come with an id that the coordinator gave them. */
const MEMBER_IDS_SINCE = 4
/** The first version in which a protocol may have no name. */
const NULL_PROTOCOL_SINCE = 7
/** The first version whose leaders understand that they need not assign. */
const SKIP_ASSIGNMENT_SINCE = 9

export const joinGroup: Handler<'JoinGroup'> = {
  handle(request, context) {
    const { version, cluster } = context
    const errorCode = refuseJoin(request, context)
    if (errorCode !== ErrorCode.NONE) return this.refuse(request, errorCode, context)
    const isNew = request.memberId === ''
    const group = cluster.groups.classic(request.groupId, isNew)
    if (group === undefined) {
      const taken = cluster.groups.get(request.groupId)?.isEmpty === false
      const unknown = taken ? ErrorCode.INCONSISTENT_GROUP_PROTOCOL : ErrorCode.UNKNOWN_MEMBER_ID
      return this.refuse(request, unknown, context)
    }
    const joining = {
      ...request,
      ...clientOf(context),
      // v0 knows one timeout for both.
      rebalanceTimeoutMs: request.rebalanceTimeoutMs < 0 ? request.sessionTimeoutMs : request.rebalanceTimeoutMs,
      needsMemberId: version >= MEMBER_IDS_SINCE,
      maySkipAssignment: version >= SKIP_ASSIGNMENT_SINCE,
    }
    return new Promise((resolve) => group.join(joining, (answer) => resolve(inVersion(answer, version))))
  },

  refuse: ({ memberId }, errorCode, { version }) => inVersion({ memberId, errorCode }, version),
}

function refuseJoin({ groupId, sessionTimeoutMs }: RequestOf<'JoinGroup'>, context: RequestContext): number {
  const { minSessionTimeoutMs, maxSessionTimeoutMs } = context.cluster.groups.world.options
  const errorCode = refuseGroup(context, groupId)
  if (errorCode !== ErrorCode.NONE) return errorCode
  const sound = sessionTimeoutMs >= minSessionTimeoutMs && sessionTimeoutMs <= maxSessionTimeoutMs
  return sound ? ErrorCode.NONE : ErrorCode.INVALID_SESSION_TIMEOUT
}

function inVersion(answer: ResponseInput<'JoinGroup'>, version: number): ResponseInput<'JoinGroup'> {
  return { ...answer, protocolName: answer.protocolName ?? (version >= NULL_PROTOCOL_SINCE ? null : '') }
}
