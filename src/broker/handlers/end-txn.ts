// EndTxn, v0 to v5: commits or aborts; from v5 on it also gives the epoch of the next transaction (KIP-890). [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler } from '../handler.ts'
import { refuseCoordination } from '../transactions/coordination.ts'
import { codeFor } from '../transactions/transaction.ts'

const FENCED_SINCE = 2
const EPOCH_BUMP_SINCE = 5

export const endTxn: Handler<'EndTxn'> = {
  handle(request, context) {
    const { cluster, version } = context
    const { transactionalId, committed } = request
    const errorCode = refuseCoordination(context, transactionalId)
    if (errorCode !== ErrorCode.NONE) return { errorCode }
    const bumpsEpoch = version >= EPOCH_BUMP_SINCE
    const answer = cluster.transactions.end(transactionalId, request, committed ? 'commit' : 'abort', bumpsEpoch)
    return typeof answer === 'string' ? { errorCode: codeFor(answer, version >= FENCED_SINCE) } : answer
  },

  refuse: (_request, errorCode) => ({ errorCode }),
}
