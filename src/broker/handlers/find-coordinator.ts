// FindCoordinator, v0 to v6: every key has a node that stays the same; many keys from v4 on (KIP-699). [broker]
import { murmur2 } from '../../bytes/murmur2.ts'
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Cluster, Node } from '../cluster.ts'
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
      const { id, host, port } = keyType === GROUP ? groupCoordinatorOf(cluster, key) : coordinatorOf(cluster, key)
      return { nodeId: id, host, port, errorMessage: null }
    })
  },

  refuse: (request, errorCode, { version }) => answerAll(request, version, () => ({ errorCode })),
}

/** The node that coordinates a group or transactional id. */
export function coordinatorOf(cluster: Cluster, key: string): Node {
  const hash = murmur2(Buffer.from(key)) & 0x7fffffff
  return cluster.nodes[hash % cluster.nodes.length]!
}

/** The node that coordinates a group, also after it was moved. */
export function groupCoordinatorOf(cluster: Cluster, groupId: string): Node {
  const moved = cluster.groups.movedTo(groupId)
  return cluster.nodes.find(({ id }) => id === moved) ?? coordinatorOf(cluster, groupId)
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
