// DescribeProducers, v0: what partitions remember of idempotent and transactional producers (KIP-664). [broker]
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { findPartition } from '../partition-reader.ts'

type Request = RequestOf<'DescribeProducers'>
type Response = ResponseInput<'DescribeProducers'>
type PartitionAnswer = NonNullable<NonNullable<NonNullable<Response['topics']>[number]>['partitions']>[number]

export const describeProducers: Handler<'DescribeProducers'> = {
  handle: (request, context) => answerAll(request, (topic, index) => describe(topic, index, context)),
  refuse: (request, errorCode) => answerAll(request, (_, partitionIndex) => ({ partitionIndex, errorCode })),
}

function describe(topic: string, partitionIndex: number, { cluster, node }: RequestContext): PartitionAnswer {
  const partition = findPartition(cluster, { topic, topicId: '', partition: partitionIndex }, 0)
  if (typeof partition === 'number') return { partitionIndex, errorCode: partition }
  const errorCode = cluster.leaderError(node, partition, -1)
  if (errorCode !== ErrorCode.NONE) return { partitionIndex, errorCode }
  const { log } = partition
  const activeProducers = [...log.producers.entries()].map(([producerId, entry]) => ({
    producerId,
    producerEpoch: entry.epoch,
    lastSequence: entry.batches.at(-1)?.lastSequence ?? -1,
    lastTimestamp: entry.lastTimestamp,
    coordinatorEpoch: entry.coordinatorEpoch,
    currentTxnStartOffset: log.transactionStart(producerId) ?? -1,
  }))
  return { partitionIndex, activeProducers }
}

function answerAll({ topics }: Request, answer: (topic: string, partition: number) => PartitionAnswer): Response {
  return {
    topics: topics.map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((partition) => answer(name, partition)),
    })),
  }
}
