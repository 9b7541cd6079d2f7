// InitProducerId, v0 to v5: ids for idempotent producers; a transactional id keeps its own, with a new epoch. [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler } from '../handler.ts'

export const initProducerId: Handler<'InitProducerId'> = {
  handle({ transactionalId }, context) {
    if (transactionalId === '') return this.refuse({} as never, ErrorCode.INVALID_REQUEST, context)
    return context.cluster.initProducer(transactionalId)
  },

  refuse: (_request, errorCode) => ({ errorCode, producerId: -1n, producerEpoch: -1 }),
}
