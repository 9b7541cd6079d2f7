// ListTransactions, v0 to v2: the transactional ids that this node coordinates (KIP-664, KIP-994, KIP-1152). [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler } from '../handler.ts'
import { transactionCoordinatorOf } from './find-coordinator.ts'

const states = new Set(['Empty', 'Ongoing', 'PrepareCommit', 'PrepareAbort', 'CompleteCommit', 'CompleteAbort'])
/** Kafka knows these as well; no transaction here is ever in them. */
const otherStates = new Set(['Dead', 'PrepareEpochFence'])

export const listTransactions: Handler<'ListTransactions'> = {
  handle(request, { cluster, node }) {
    const { stateFilters, producerIdFilters, durationFilter, transactionalIdPattern } = request
    const pattern = patternOf(transactionalIdPattern)
    if (pattern === undefined) return { errorCode: ErrorCode.INVALID_REGULAR_EXPRESSION }
    const now = cluster.clock.wall()
    const found = cluster.transactions
      .all()
      .filter(
        ({ id, state, producerId, startMs }) =>
          transactionCoordinatorOf(cluster, id) === node &&
          (stateFilters.length === 0 || stateFilters.includes(state)) &&
          (producerIdFilters.length === 0 || producerIdFilters.includes(producerId)) &&
          (durationFilter < 0 || (startMs >= 0 && now - startMs >= durationFilter)) &&
          pattern.test(id),
      )
    return {
      unknownStateFilters: stateFilters.filter((name) => !states.has(name) && !otherStates.has(name)),
      transactionStates: found.map(({ id: transactionalId, producerId, state: transactionState }) => ({
        transactionalId,
        producerId,
        transactionState,
      })),
    }
  },

  refuse: (_request, errorCode) => ({ errorCode }),
}

/** Matches whole ids; undefined: it is no regular expression. */
function patternOf(text: string | null): RegExp | undefined {
  try {
    return text === null || text === '' ? /^/ : new RegExp(`^(?:${text})$`)
  } catch {
    return undefined
  }
}
