// FindCoordinator, v0 to v6: every key has a node that stays the same; many keys from v4 on (KIP-699). [broker]
import { murmur2 } from '../../bytes/murmur2.ts'
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Cluster, Node } from '../cluster.ts'
import type { CoordinatorMoves } from '../coordinator-moves.ts'
import type { Handler } from '../handler.ts'

/** The type of keys that are group ids; 1 are transactional ids, 2 share partitions (KIP-932). */
const GROUP = 0
/** The first version with many keys. */
const MANY_KEYS_SINCE = 4

export const findCoordinator: Handler<'FindCoordinator'> = {
  handle(request, { cluster, version }) {
    const { keyType } = request
    const badType = keyType < 0 || keyType > (version >= 6 ? 2 : 1)
    if (badType) return answerAll(request, version, () => ({ errorCode: ErrorCode.INVALID_REQUEST }))
    return answerAll(request, version, (key) => {
      const { id, host, port } = (keyType === GROUP ? groupCoordinatorOf : transactionCoordinatorOf)(cluster, key)
      return { nodeId: id, host, port, errorMessage: null }
    })
  },

  refuse: (request, errorCode, { version }) => answerAll(request, version, () => ({ errorCode })),
}

/** The node that coordinates a group. */
export function groupCoordinatorOf(cluster: Cluster, groupId: string): Node {
  return coordinatorOf(cluster, groupId, cluster.groups.moves)
}

/** The node that coordinates a transactional id. */
export function transactionCoordinatorOf(cluster: Cluster, transactionalId: string): Node {
  return coordinatorOf(cluster, transactionalId, cluster.transactions.moves)
}

/** Where it was moved to, else by its hash; the next one where that node is down. */
function coordinatorOf({ nodes }: Cluster, key: string, moves: CoordinatorMoves): Node {
  const first = moves.nodeOf(key) ?? 1 + ((murmur2(Buffer.from(key)) & 0x7fffffff) % nodes.length)
  const inTurn = [...nodes.slice(first - 1), ...nodes.slice(0, first - 1)]
  return inTurn.find(({ live }) => live) ?? inTurn[0]!
}

type Coordinator = Partial<{ errorCode: number; errorMessage: null; nodeId: number; host: string; port: number }>

function answerAll(
  request: RequestOf<'FindCoordinator'>,
  version: number,
  answer: (key: string) => Coordinator,
): ResponseInput<'FindCoordinator'> {
  const nobody = { nodeId: -1, host: '', port: -1, errorMessage: null }
  if (version < MANY_KEYS_SINCE) return { ...nobody, ...answer(request.key) }
  return { coordinators: request.coordinatorKeys.map((key) => ({ key, ...nobody, ...answer(key) })) }
}
