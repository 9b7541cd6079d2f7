// Fetch, v4 to v18: batches as they are stored, through sessions (KIP-227), parked until there is enough. [broker]
// Diverging epochs from v12 on (KIP-595), topic ids from v13 on (KIP-516), the new leader from v16 on (KIP-951).
import type { RequestOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { encodeFetchAnswer, type FetchAnswer, failedPartition, type PartitionAnswer } from '../fetch-answer.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { ParkedFetch } from '../parked-fetch.ts'
import { findPartition, type Reading, type ReadLimits, readPartitions } from '../partition-reader.ts'
import type { FetchContext } from '../session-cache.ts'
import type { Partition } from '../topic.ts'

const READ_COMMITTED = 1

/** Errors of the session or of the whole request; all others belong to partitions. */
const wholeRequest = new Set<number>([
  ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
  ErrorCode.INVALID_FETCH_SESSION_EPOCH,
  ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR,
])

export const fetch: Handler<'Fetch', FetchAnswer> = {
  handle(request, context) {
    const { cluster, node, version } = context
    const session = node.sessions.open(request, version >= 13, cluster.clock.now())
    if (typeof session === 'number') return failedRequest(session)
    const limits: ReadLimits = {
      version,
      maxBytes: request.maxBytes,
      minBytes: request.minBytes,
      readCommitted: request.isolationLevel === READ_COMMITTED,
      rack: request.rackId,
    }
    const read = () => readPartitions(cluster, node, session.partitions, limits)
    const reading = read()
    if (reading.ready || request.maxWaitMs <= 0) return assemble(session, reading.answers, context)
    return new Promise((resolve) => {
      const settle = (late: Reading | undefined) => resolve(late && assemble(session, late.answers, context))
      const partitions = existing(session, context)
      const { maxWaitMs, minBytes } = request
      new ParkedFetch({ partitions, maxWaitMs, minBytes, sizeBytes: reading.sizeBytes, read }, context, settle)
    })
  },

  refuse(request: RequestOf<'Fetch'>, errorCode, context) {
    if (wholeRequest.has(errorCode)) return failedRequest(errorCode)
    const session = context.node.sessions.open(request, context.version >= 13, context.cluster.clock.now())
    if (typeof session === 'number') return failedRequest(session)
    const answers = session.partitions.map(({ partition }) => failedPartition(partition, errorCode))
    return assemble(session, answers, context)
  },

  encode: (answer, { version, correlationId }) => encodeFetchAnswer(answer, version, correlationId),
}

function failedRequest(errorCode: number): FetchAnswer {
  return { errorCode, sessionId: 0, responses: [], nodeEndpoints: [] }
}

/** The partitions that can change; the others are unknown topics. */
function existing(session: FetchContext, { cluster, version }: RequestContext): Partition[] {
  const found = session.partitions.map((want) => findPartition(cluster, want, version))
  return found.filter((partition) => typeof partition !== 'number')
}

/** Settles the session and keeps what it says the client must hear. */
function assemble(session: FetchContext, answers: PartitionAnswer[], context: RequestContext): FetchAnswer {
  const told = answers.map(
    ({ errorCode, highWatermark, logStartOffset, preferredReadReplica, records, divergingEpoch }) => ({
      errorCode,
      highWatermark,
      logStartOffset,
      recordsBytes: records.sizeBytes,
      notable: divergingEpoch !== undefined || preferredReadReplica >= 0,
    }),
  )
  const { sessionId, errorCode, selected } = session.settle(told, context.cluster.clock.now())
  const answer: FetchAnswer = { errorCode, sessionId, responses: [], nodeEndpoints: [] }
  const leaders = new Set<number>()
  for (const index of selected) {
    const { topic, topicId } = session.partitions[index]!
    const partition = answers[index]!
    if (partition.currentLeader !== undefined) leaders.add(partition.currentLeader.leaderId)
    const last = answer.responses.at(-1)
    // Neighbours of one topic share an entry; an incremental fetch may name a topic twice, as Kafka's does.
    if (last !== undefined && last.topic === topic && last.topicId === topicId) last.partitions.push(partition)
    else answer.responses.push({ topic, topicId, partitions: [partition] })
  }
  const { nodes } = context.cluster
  answer.nodeEndpoints = nodes
    .filter(({ id }) => leaders.has(id))
    .map(({ id, host, port }) => ({ nodeId: id, host, port }))
  return answer
}
