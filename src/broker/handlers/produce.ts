// Produce, v3 to v13: checks batches, appends them as they are, drops repeats of idempotent clients (KIP-98). [broker]
// Acks 1 and all are the same, as replicas never lag; with acks 0 there is no answer, an error cuts the connection.
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { checkBatch, isTransactional } from '../batch-check.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { findPartition } from '../partition-reader.ts'
import type { Partition } from '../topic.ts'

type Response = ResponseInput<'Produce'>
type PartitionResponse = NonNullable<NonNullable<Response['responses']>[number]['partitionResponses']>[number]
type PartitionData = RequestOf<'Produce'>['topicData'][number]['partitionData'][number]

export const produce: Handler<'Produce'> = {
  handle(request, context) {
    const appended = new Map<Partition, number>()
    const leaders = new Set<number>()
    if (request.acks < -1 || request.acks > 1) {
      return this.refuse(request, ErrorCode.INVALID_REQUIRED_ACKS, context)
    }
    if (request.transactionalId === null && hasTransactional(request)) {
      return this.refuse(request, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, context)
    }
    const responses = request.topicData.map(({ name, topicId, partitionData }) => ({
      name,
      topicId,
      partitionResponses: partitionData.map((data) => {
        const want = { topic: name, topicId, partition: data.index }
        const partition = findPartition(context.cluster, want, context.version)
        if (typeof partition === 'number') return failed(data.index, partition)
        const leaderError = context.cluster.leaderError(context.node, partition, -1)
        if (leaderError !== ErrorCode.NONE) {
          leaders.add(partition.leader)
          return notLeader(partition, leaderError, context)
        }
        return append(partition, data, context, appended)
      }),
    }))
    // Once all is stored: a fetch that is woken by one partition finds the others as well.
    for (const [partition, bytes] of appended) context.cluster.changed(partition, bytes)
    const { nodes } = context.cluster
    if (request.acks === 0) {
      if (anyFailed(responses)) context.disconnect()
      return undefined
    }
    const hints = context.version < 10 ? [] : nodes.filter(({ id }) => leaders.has(id))
    return {
      responses,
      nodeEndpoints: hints.map(({ id, host, port }) => ({ nodeId: id, host, port })),
    }
  },

  refuse(request, errorCode) {
    return {
      responses: request.topicData.map(({ name, topicId, partitionData }) => ({
        name,
        topicId,
        partitionResponses: partitionData.map(({ index }) => failed(index, errorCode)),
      })),
    }
  },
}

/** As in Kafka one batch of a transaction without a transactional id spoils the request. */
function hasTransactional({ topicData }: RequestOf<'Produce'>): boolean {
  return topicData.some(({ partitionData }) => partitionData.some(({ records }) => records && isTransactional(records)))
}

/** With acks 0 a client learns of a failure only by losing its connection. */
function anyFailed(topics: readonly { partitionResponses: PartitionResponse[] }[]): boolean {
  return topics.some(({ partitionResponses }) =>
    partitionResponses.some(({ errorCode = ErrorCode.NONE }) => errorCode !== ErrorCode.NONE),
  )
}

function append(
  partition: Partition,
  data: PartitionData,
  context: RequestContext,
  appended: Map<Partition, number>,
): PartitionResponse {
  const { topic, log } = partition
  const verdict = checkBatch(data.records, context.version, topic.maxMessageBytes)
  if ('errorCode' in verdict) {
    const refusal = failed(data.index, verdict.errorCode, verdict.text)
    return verdict.fromLog ? { ...refusal, logStartOffset: log.startOffset } : refusal
  }
  const sequence = log.producers.check(verdict.header)
  if (sequence.outcome === 'duplicate') {
    // As in Kafka a repeat is told the time of the batch, also where the producer had set it.
    return stored(partition, sequence.baseOffset, sequence.maxTimestamp)
  }
  if (sequence.outcome !== 'append') {
    return { ...failed(data.index, ErrorCode[sequence.outcome]), logStartOffset: log.startOffset }
  }
  const logAppendTime = topic.logAppendTime ? context.cluster.clock.wall() : undefined
  const { baseOffset, sizeBytes } = log.append(data.records!, { leaderEpoch: partition.leaderEpoch, logAppendTime })
  appended.set(partition, (appended.get(partition) ?? 0) + sizeBytes)
  return stored(partition, baseOffset, logAppendTime ?? -1)
}

function stored(partition: Partition, baseOffset: number, logAppendTimeMs: number): PartitionResponse {
  return {
    index: partition.index,
    errorCode: ErrorCode.NONE,
    baseOffset,
    logAppendTimeMs,
    logStartOffset: partition.log.startOffset,
  }
}

function failed(index: number, errorCode: number, errorMessage: string | null = null): PartitionResponse {
  return { index, errorCode, baseOffset: -1, errorMessage }
}

function notLeader(partition: Partition, errorCode: number, { version }: RequestContext): PartitionResponse {
  const answer = failed(partition.index, errorCode)
  if (version < 10) return answer
  return { ...answer, currentLeader: { leaderId: partition.leader, leaderEpoch: partition.leaderEpoch } }
}
