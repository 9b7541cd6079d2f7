// SyncGroup, v0 to v5: the leader brings all assignments, each member is given its own. [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import { refuseGroup } from '../groups/coordination.ts'
import type { Handler } from '../handler.ts'

/** The first version that must say which protocol it follows (KIP-559). */
const PROTOCOL_SINCE = 5

export const syncGroup: Handler<'SyncGroup'> = {
  handle(request, context) {
    const errorCode = refuseGroup(context, request.groupId)
    if (errorCode !== ErrorCode.NONE) return { errorCode }
    const unnamed = request.protocolType === null || request.protocolName === null
    if (context.version >= PROTOCOL_SINCE && unnamed) return { errorCode: ErrorCode.INCONSISTENT_GROUP_PROTOCOL }
    const group = context.cluster.groups.classic(request.groupId, false)
    if (group === undefined) return { errorCode: ErrorCode.UNKNOWN_MEMBER_ID }
    return new Promise((resolve) => group.sync(request, resolve))
  },

  refuse: (_request, errorCode) => ({ errorCode }),
}
