// InitProducerId, v0 to v5: ids for idempotent producers, the next epoch for a transactional id (KIP-98). [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler } from '../handler.ts'
import { refuseCoordination } from '../transactions/coordination.ts'
import { codeFor, NO_EPOCH, NO_PRODUCER } from '../transactions/transaction.ts'

/** The first version whose clients know that they were fenced (KIP-588). */
const FENCED_SINCE = 4

export const initProducerId: Handler<'InitProducerId'> = {
  handle(request, context) {
    const { transactionalId, transactionTimeoutMs, producerId, producerEpoch } = request
    const { cluster, version } = context
    const named = producerId !== NO_PRODUCER
    if (named !== (producerEpoch !== NO_EPOCH)) return this.refuse(request, ErrorCode.INVALID_REQUEST, context)
    // Without a transactional id there is nobody to fence: as in Kafka everybody gets a new id.
    if (transactionalId === null) return { producerId: cluster.newProducerId(), producerEpoch: 0 }
    const coordinatorError = refuseCoordination(context, transactionalId)
    if (coordinatorError !== ErrorCode.NONE) return this.refuse(request, coordinatorError, context)
    const expected = named ? { producerId, producerEpoch } : undefined
    const answer = cluster.transactions.init(transactionalId, transactionTimeoutMs, expected)
    if (typeof answer !== 'string') return answer
    return this.refuse(request, codeFor(answer, version >= FENCED_SINCE), context)
  },

  refuse: (_request, errorCode) => ({ errorCode, producerId: NO_PRODUCER, producerEpoch: NO_EPOCH }),
}
