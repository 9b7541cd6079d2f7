// LeaveGroup, v0 to v5: members leave a classic group, from v3 on several at once (KIP-345). [broker]
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { refuseGroup } from '../groups/coordination.ts'
import type { Handler } from '../handler.ts'

/** The first version with many members, and with an error for each. */
const MANY_MEMBERS_SINCE = 3

interface Leaving {
  memberId: string
  groupInstanceId: string | null
}

export const leaveGroup: Handler<'LeaveGroup'> = {
  handle(request, context) {
    const errorCode = refuseGroup(context, request.groupId)
    if (errorCode !== ErrorCode.NONE) return { errorCode }
    const leaving = whoLeaves(request, context.version)
    const group = context.cluster.groups.classic(request.groupId, false)
    return answer(leaving, group?.leave(leaving) ?? leaving.map(() => ErrorCode.UNKNOWN_MEMBER_ID), context.version)
  },

  refuse: (_request, errorCode) => ({ errorCode }),
}

function whoLeaves({ memberId, members }: RequestOf<'LeaveGroup'>, version: number): readonly Leaving[] {
  return version >= MANY_MEMBERS_SINCE ? members : [{ memberId, groupInstanceId: null }]
}

function answer(
  leaving: readonly Leaving[],
  errorCodes: readonly number[],
  version: number,
): ResponseInput<'LeaveGroup'> {
  if (version < MANY_MEMBERS_SINCE) return { errorCode: errorCodes[0] ?? ErrorCode.NONE }
  const members = leaving.map(({ memberId, groupInstanceId }, i) => {
    return { memberId, groupInstanceId, errorCode: errorCodes[i]! }
  })
  return { errorCode: ErrorCode.NONE, members }
}
