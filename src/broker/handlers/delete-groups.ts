// DeleteGroups, v0 to v2: groups without members, with all that they committed (KIP-229). [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import { refuseCoordination } from '../groups/coordination.ts'
import type { Handler, RequestContext } from '../handler.ts'

export const deleteGroups: Handler<'DeleteGroups'> = {
  handle: (request, context) => ({
    results: request.groupsNames.map((groupId) => ({ groupId, errorCode: deleteGroup(context, groupId) })),
  }),

  refuse: (request, errorCode) => ({ results: request.groupsNames.map((groupId) => ({ groupId, errorCode })) }),
}

function deleteGroup(context: RequestContext, groupId: string): number {
  const { groups, offsets } = context.cluster
  const refused = refuseCoordination(context, groupId)
  const errorCode = refused === ErrorCode.NONE ? groups.delete(groupId) : refused
  if (errorCode === ErrorCode.NONE) offsets.forgetGroup(groupId)
  return errorCode
}
