// Heartbeat, v0 to v4: keeps the session of a classic member, and calls it to a rebalance. [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import { refuseGroup } from '../groups/coordination.ts'
import type { Handler } from '../handler.ts'

export const heartbeat: Handler<'Heartbeat'> = {
  handle(request, context) {
    const errorCode = refuseGroup(context, request.groupId)
    if (errorCode !== ErrorCode.NONE) return { errorCode }
    const group = context.cluster.groups.classic(request.groupId, false)
    return { errorCode: group?.heartbeat(request) ?? ErrorCode.UNKNOWN_MEMBER_ID }
  },

  refuse: (_request, errorCode) => ({ errorCode }),
}
