// What every request to a transaction coordinator asks first: whether this node is the one. [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { RequestContext } from '../handler.ts'
import { transactionCoordinatorOf } from '../handlers/find-coordinator.ts'

/** 0, or why this node does not speak for the transactional id; the empty one is refused later, by itself. */
export function refuseCoordination({ cluster, node }: RequestContext, transactionalId: string): number {
  if (transactionalId === '') return ErrorCode.NONE
  if (transactionCoordinatorOf(cluster, transactionalId) !== node) return ErrorCode.NOT_COORDINATOR
  const { moves } = cluster.transactions
  return moves.isLoading(transactionalId) ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NONE
}
