// AddPartitionsToTxn, v0 to v5: one transaction from clients; many, or only checks, from brokers (KIP-890). [broker]
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { findPartition } from '../partition-reader.ts'
import { refuseCoordination } from '../transactions/coordination.ts'
import { codeFor, type ProducerIdentity } from '../transactions/transaction.ts'

type Request = RequestOf<'AddPartitionsToTxn'>
type WantedTopic = Request['v3AndBelowTopics'][number]
type TopicResult = NonNullable<NonNullable<ResponseInput<'AddPartitionsToTxn'>['resultsByTopicV3AndBelow']>[number]>

/** The first version with many transactions. */
const BATCHED_SINCE = 4
const FENCED_SINCE = 2

interface Wanted extends ProducerIdentity {
  transactionalId: string
  verifyOnly: boolean
  topics: readonly WantedTopic[]
}

export const addPartitionsToTxn: Handler<'AddPartitionsToTxn'> = {
  handle: (request, context) => answerAll(request, context.version, (wanted) => add(wanted, context)),

  refuse(request, errorCode, { version }) {
    if (version >= BATCHED_SINCE) return { errorCode }
    return answerAll(request, version, ({ topics }) => resultsOf(topics, () => errorCode))
  },
}

function answerAll(
  request: Request,
  version: number,
  answer: (wanted: Wanted) => TopicResult[],
): ResponseInput<'AddPartitionsToTxn'> {
  if (version >= BATCHED_SINCE) {
    const resultsByTransaction = request.transactions.map((one) => ({
      transactionalId: one.transactionalId,
      topicResults: answer(one),
    }))
    return { resultsByTransaction }
  }
  const resultsByTopicV3AndBelow = answer({
    transactionalId: request.v3AndBelowTransactionalId,
    producerId: request.v3AndBelowProducerId,
    producerEpoch: request.v3AndBelowProducerEpoch,
    verifyOnly: false,
    topics: request.v3AndBelowTopics,
  })
  return { resultsByTopicV3AndBelow }
}

function add(wanted: Wanted, context: RequestContext): TopicResult[] {
  const { cluster, version } = context
  const { transactionalId, topics, verifyOnly } = wanted
  const coordinatorError = refuseCoordination(context, transactionalId)
  if (coordinatorError !== ErrorCode.NONE) return resultsOf(topics, () => coordinatorError)
  const missing = (topic: string, partition: number) =>
    typeof findPartition(cluster, { topic, topicId: '', partition }, 0) === 'number'
  if (topics.some(({ name, partitions }) => partitions.some((partition) => missing(name, partition)))) {
    // As in Kafka all or nothing: those that are there hear that nothing was tried.
    return resultsOf(topics, (topic, partition) =>
      missing(topic, partition) ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.OPERATION_NOT_ATTEMPTED,
    )
  }
  const { transactions } = cluster
  if (verifyOnly) {
    return resultsOf(topics, (topic, partition) =>
      codeFor(transactions.verify(transactionalId, wanted, { topic, partition }), true),
    )
  }
  const all = topics.flatMap(({ name: topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
  const error = transactions.addPartitions(transactionalId, wanted, all)
  return resultsOf(topics, () => codeFor(error, version >= FENCED_SINCE))
}

function resultsOf(
  topics: readonly WantedTopic[],
  errorCode: (topic: string, partition: number) => number,
): TopicResult[] {
  return topics.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map((partitionIndex) => ({
      partitionIndex,
      partitionErrorCode: errorCode(name, partitionIndex),
    })),
  }))
}
