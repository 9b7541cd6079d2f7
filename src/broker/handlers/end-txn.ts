// EndTxn, v0 to v5: commits or aborts; from v5 on it also gives the epoch of the next transaction (KIP-890). [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler } from '../handler.ts'
import { codeFor } from '../transactions/transaction.ts'
import { coordinatorOf } from './find-coordinator.ts'

const FENCED_SINCE = 2
const EPOCH_BUMP_SINCE = 5

export const endTxn: Handler<'EndTxn'> = {
  handle(request, { cluster, node, version }) {
    const { transactionalId, committed } = request
    if (coordinatorOf(cluster, transactionalId) !== node) return { errorCode: ErrorCode.NOT_COORDINATOR }
    const bumpsEpoch = version >= EPOCH_BUMP_SINCE
    const answer = cluster.transactions.end(transactionalId, request, committed ? 'commit' : 'abort', bumpsEpoch)
    return typeof answer === 'string' ? { errorCode: codeFor(answer, version >= FENCED_SINCE) } : answer
  },

  refuse: (_request, errorCode) => ({ errorCode }),
}
