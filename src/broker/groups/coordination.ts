// What every request to a group coordinator asks first: whether this node is the one, and who asks. [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { RequestContext } from '../handler.ts'
import { groupCoordinatorOf } from '../handlers/find-coordinator.ts'

/** 0, or why this node does not speak for the group. */
export function refuseCoordination({ cluster, node }: RequestContext, groupId: string): number {
  if (groupCoordinatorOf(cluster, groupId) !== node) return ErrorCode.NOT_COORDINATOR
  return cluster.groups.moves.isLoading(groupId) ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NONE
}

/** The same for requests that need a group with a name; only offsets may belong to the group ''. */
export function refuseGroup(context: RequestContext, groupId: string): number {
  return groupId === '' ? ErrorCode.INVALID_GROUP_ID : refuseCoordination(context, groupId)
}

/** The client, as Kafka describes it. */
export function clientOf({ clientId, peer }: RequestContext): { clientId: string; clientHost: string } {
  return { clientId: clientId ?? '', clientHost: `/${peer.slice(0, peer.lastIndexOf(':'))}` }
}

/** What anyone may do with a group: no authorizer forbids it here. READ, DELETE, DESCRIBE and both of its settings. */
export function authorizedOperations(included: boolean): number {
  const bits = [3, 6, 8, 10, 11].reduce((all, bit) => all | (1 << bit), 0)
  return included ? bits : -0x80000000
}
