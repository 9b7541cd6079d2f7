// Produce, v3 to v13: checks batches, appends them as they are, drops repeats of idempotent clients (KIP-98). [broker]
// With acks 0 there is no answer; an error cuts the connection.
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { transactionalHeader } from '../batch-check.ts'
import type { Handler } from '../handler.ts'
import { failedProduction, type PartitionResponse, Production } from '../production.ts'

type Request = RequestOf<'Produce'>
type TopicResponse = NonNullable<ResponseInput<'Produce'>['responses']>[number]

const ACKS_ALL = -1

export const produce: Handler<'Produce'> = {
  async handle(request, context) {
    if (request.acks < ACKS_ALL || request.acks > 1) {
      return this.refuse(request, ErrorCode.INVALID_REQUIRED_ACKS, context)
    }
    const refusal = refuseTransaction(request)
    if (refusal !== ErrorCode.NONE) return this.refuse(request, refusal, context)
    const production = new Production(request, context)
    const responses: TopicResponse[] = []
    for (const { name, topicId, partitionData } of request.topicData) {
      const partitionResponses: PartitionResponse[] = []
      for (const data of partitionData) {
        const want = { topic: name, topicId, partition: data.index }
        partitionResponses.push(await production.append(want, data.records))
      }
      responses.push({ name, topicId, partitionResponses })
    }
    production.tell()
    if (request.acks !== 0) return { responses, nodeEndpoints: production.endpoints() }
    if (anyFailed(responses)) context.disconnect()
    return undefined
  },

  refuse(request, errorCode) {
    return {
      responses: request.topicData.map(({ name, topicId, partitionData }) => ({
        name,
        topicId,
        partitionResponses: partitionData.map(({ index }) => failedProduction(index, errorCode)),
      })),
    }
  },
}

/** As in Kafka one batch of a transaction without a transactional id, or two producers, spoil the request. */
function refuseTransaction({ transactionalId, topicData }: Request): number {
  const producers = new Set<bigint>()
  for (const { partitionData } of topicData) {
    for (const { records } of partitionData) {
      const header = transactionalHeader(records)
      if (header === undefined) continue
      if (transactionalId === null) return ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED
      producers.add(header.producerId)
    }
  }
  return producers.size > 1 ? ErrorCode.INVALID_PRODUCER_ID_MAPPING : ErrorCode.NONE
}

function anyFailed(topics: readonly TopicResponse[]): boolean {
  return topics.some(({ partitionResponses = [] }) =>
    partitionResponses.some(({ errorCode = ErrorCode.NONE }) => errorCode !== ErrorCode.NONE),
  )
}
