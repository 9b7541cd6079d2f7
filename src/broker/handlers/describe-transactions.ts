// DescribeTransactions, v0: the state and the partitions of transactional ids (KIP-664). [broker]
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { refuseCoordination } from '../transactions/coordination.ts'
import type { TransactionPartition } from '../transactions/transaction.ts'

export const describeTransactions: Handler<'DescribeTransactions'> = {
  handle: ({ transactionalIds }, context) => ({
    transactionStates: transactionalIds.map((id) => describe(id, context)),
  }),

  refuse: ({ transactionalIds }, errorCode) => ({
    transactionStates: transactionalIds.map((id) => failed(id, errorCode)),
  }),
}

function describe(id: string, context: RequestContext) {
  if (id === '') return failed(id, ErrorCode.INVALID_REQUEST)
  const errorCode = refuseCoordination(context, id)
  if (errorCode !== ErrorCode.NONE) return failed(id, errorCode)
  const transaction = context.cluster.transactions.get(id)
  if (transaction === undefined) return failed(id, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND)
  return {
    transactionalId: id,
    transactionState: transaction.state,
    transactionTimeoutMs: transaction.timeoutMs,
    transactionStartTimeMs: transaction.startMs,
    producerId: transaction.producerId,
    producerEpoch: transaction.producerEpoch,
    topics: byTopic(transaction.partitions.values()),
  }
}

function failed(transactionalId: string, errorCode: number) {
  return { transactionalId, errorCode }
}

function byTopic(all: Iterable<TransactionPartition>): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of all) topics.set(topic, [...(topics.get(topic) ?? []), partition])
  return [...topics].map(([topic, partitions]) => ({ topic, partitions }))
}
