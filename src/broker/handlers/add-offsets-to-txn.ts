// AddOffsetsToTxn, v0 to v4: the offsets of a group become part of a transaction (KIP-98). [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler } from '../handler.ts'
import { refuseCoordination } from '../transactions/coordination.ts'
import { codeFor, offsetsPartitionOf } from '../transactions/transaction.ts'

const FENCED_SINCE = 2

export const addOffsetsToTxn: Handler<'AddOffsetsToTxn'> = {
  handle(request, context) {
    const { cluster, version } = context
    const { transactionalId, groupId } = request
    const errorCode = refuseCoordination(context, transactionalId)
    if (errorCode !== ErrorCode.NONE) return { errorCode }
    const partitions = [offsetsPartitionOf(groupId)]
    const error = cluster.transactions.addPartitions(transactionalId, request, partitions)
    return { errorCode: codeFor(error, version >= FENCED_SINCE) }
  },

  refuse: (_request, errorCode) => ({ errorCode }),
}
