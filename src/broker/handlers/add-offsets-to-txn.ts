// AddOffsetsToTxn, v0 to v4: the offsets of a group become part of a transaction (KIP-98). [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler } from '../handler.ts'
import { codeFor, offsetsPartitionOf } from '../transactions/transaction.ts'
import { coordinatorOf } from './find-coordinator.ts'

const FENCED_SINCE = 2

export const addOffsetsToTxn: Handler<'AddOffsetsToTxn'> = {
  handle(request, { cluster, node, version }) {
    const { transactionalId, groupId } = request
    if (coordinatorOf(cluster, transactionalId) !== node) return { errorCode: ErrorCode.NOT_COORDINATOR }
    const partitions = [offsetsPartitionOf(groupId)]
    const error = cluster.transactions.addPartitions(transactionalId, request, partitions)
    return { errorCode: codeFor(error, version >= FENCED_SINCE) }
  },

  refuse: (_request, errorCode) => ({ errorCode }),
}
