// TxnOffsetCommit, v0 to v5: offsets that count once the transaction is committed; v5 adds the group to it. [broker]
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { refuseGroup } from '../groups/coordination.ts'
import { offsetToCommit } from '../groups/offset-to-commit.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { findPartition } from '../partition-reader.ts'
import { offsetsPartitionOf } from '../transactions/transaction.ts'
import { verifyWrite } from '../transactions/verify-write.ts'

type Request = RequestOf<'TxnOffsetCommit'>

/** The first version whose clients know that they may abort and go on (KIP-890). */
const ABORTABLE_SINCE = 4
/** The first version that adds the group to the transaction by itself. */
const IMPLICIT_GROUP_SINCE = 5

export const txnOffsetCommit: Handler<'TxnOffsetCommit'> = {
  async handle(request, context) {
    const refusal = await refuse(request, context)
    if (refusal !== ErrorCode.NONE) return this.refuse(request, refusal, context)
    const { cluster } = context
    const { offsetMetadataMaxBytes } = cluster.groups.world.options
    const { groupId, memberId, groupInstanceId, generationId } = request
    const claim = { memberId, groupInstanceId, generationId, transactional: true, version: context.version }
    const verdict = cluster.groups.judgeCommit(groupId, claim)
    return answerAll(request, (topic, partition) => {
      const found = findPartition(cluster, { topic, topicId: '', partition: partition.partitionIndex }, 0)
      if (typeof found === 'number') return found
      const errorCode = verdict(found.topic.id, found.index)
      if (errorCode !== ErrorCode.NONE) return errorCode
      const offset = offsetToCommit(partition, offsetMetadataMaxBytes)
      if (typeof offset === 'number') return offset
      const key = { group: groupId, topic, partition: partition.partitionIndex }
      cluster.offsets.commitInTransaction(request.producerId, key, offset)
      return ErrorCode.NONE
    })
  },

  refuse: (request, errorCode) => answerAll(request, () => errorCode),
}

async function refuse(request: Request, context: RequestContext): Promise<number> {
  const { cluster, version } = context
  const { transactionalId, groupId } = request
  const groupError = refuseGroup(context, groupId)
  if (groupError !== ErrorCode.NONE) return groupError
  const error = await verifyWrite(cluster, transactionalId, request, offsetsPartitionOf(groupId), {
    adds: version >= IMPLICIT_GROUP_SINCE,
    knowsAbortable: version >= ABORTABLE_SINCE,
  })
  // Told in the words of a coordinator: a client of this API knows no replicas.
  if (error === 'NOT_ENOUGH_REPLICAS') return ErrorCode.COORDINATOR_NOT_AVAILABLE
  return ErrorCode[error]
}

type Partition = Request['topics'][number]['partitions'][number]

function answerAll(
  request: Request,
  answer: (topic: string, partition: Partition) => number,
): ResponseInput<'TxnOffsetCommit'> {
  return {
    topics: request.topics.map(({ name, partitions }) => ({
      name,
      partitions: partitions.map((partition) => ({
        partitionIndex: partition.partitionIndex,
        errorCode: answer(name, partition),
      })),
    })),
  }
}
