// DescribeGroups, v0 to v6: state and members of classic groups. [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { ClassicGroup } from '../groups/classic-group.ts'
import { authorizedOperations, refuseCoordination } from '../groups/coordination.ts'
import type { Handler, RequestContext } from '../handler.ts'

/** The first version that tells a group that is not there from one that is dead (KIP-1043). */
const NOT_FOUND_SINCE = 6

export const describeGroups: Handler<'DescribeGroups'> = {
  handle(request, context) {
    const operations = authorizedOperations(request.includeAuthorizedOperations)
    const groups = request.groups.map((groupId) => ({
      groupId,
      ...describe(context, groupId),
      ...(context.version >= 3 && { authorizedOperations: operations }),
    }))
    return { groups }
  },

  refuse: (request, errorCode) => ({ groups: request.groups.map((groupId) => ({ groupId, errorCode })) }),
}

function describe(context: RequestContext, groupId: string) {
  const errorCode = refuseCoordination(context, groupId)
  if (errorCode !== ErrorCode.NONE) return { errorCode }
  const group = context.cluster.groups.classic(groupId, false)
  if (group !== undefined) return describeGroup(group)
  const known = context.version >= NOT_FOUND_SINCE
  return {
    errorCode: known ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.NONE,
    ...(known && { errorMessage: `Group ${groupId} not found.` }),
    groupState: 'Dead',
  }
}

function describeGroup(group: ClassicGroup) {
  const isStable = group.state === 'Stable'
  return {
    groupState: group.state,
    protocolType: group.protocolType,
    protocolData: isStable ? (group.protocolName ?? '') : '',
    members: group.roster.members.map((member) => ({
      memberId: member.id,
      groupInstanceId: member.instanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      // In between there is no protocol that it would be of.
      ...(isStable && { memberMetadata: member.metadataFor(group.protocolName) }),
      memberAssignment: member.assignment,
    })),
  }
}
