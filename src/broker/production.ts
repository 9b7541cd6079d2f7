// One Produce request on its way into the logs, partition by partition. [broker]
import type { RequestOf, ResponseInput } from '../protocol/apis.ts'
import { ErrorCode, type ErrorName } from '../protocol/errors.ts'
import type { BatchHeader } from '../record/batch.ts'
import { checkBatch, type Refusal, transactionalHeader } from './batch-check.ts'
import type { RequestContext } from './handler.ts'
import { findPartition } from './partition-reader.ts'
import { refuseRecords } from './record-check.ts'
import type { Partition } from './topic.ts'
import { verifyWrite } from './transactions/verify-write.ts'

type Response = ResponseInput<'Produce'>

/** What one partition says. */
export type PartitionResponse = NonNullable<NonNullable<Response['responses']>[number]['partitionResponses']>[number]

const ACKS_ALL = -1
/** The first version that says who leads now (KIP-951). */
const LEADER_HINTS_SINCE = 10
/** The first version in which writing adds the partition to the transaction, which bumps epochs (KIP-890). */
const IMPLICIT_PARTITIONS_SINCE = 12

/** The first version whose clients know that they may abort and go on (KIP-890). */
const ABORTABLE_SINCE = 11

/** Checks and stores; checks come in the order of Kafka's ReplicaManager and UnifiedLog. */
export class Production {
  readonly #request: RequestOf<'Produce'>
  readonly #context: RequestContext
  readonly #appended = new Map<Partition, number>()
  readonly #newLeaders = new Set<number>()

  constructor(request: RequestOf<'Produce'>, context: RequestContext) {
    this.#request = request
    this.#context = context
  }

  /** Stores one partition's batch, or says why not. */
  async append(
    want: { topic: string; topicId: string; partition: number },
    records: Uint8Array | null,
  ): Promise<PartitionResponse> {
    const { cluster, node, version } = this.#context
    const partition = findPartition(cluster, want, version)
    if (typeof partition === 'number') return failedProduction(want.partition, partition)
    const leaderError = cluster.leaderError(node, partition, -1)
    if (leaderError !== ErrorCode.NONE) return this.#notLeader(partition, leaderError)
    const unverified = await this.#unverified(partition, records)
    if (unverified !== 'NONE') return failedProduction(want.partition, ErrorCode[unverified])
    const replicasNeeded = Math.min(partition.topic.minInSyncReplicas, partition.replicas.length)
    if (this.#request.acks === ACKS_ALL && cluster.inSync(partition).length < replicasNeeded) {
      return failedProduction(want.partition, ErrorCode.NOT_ENOUGH_REPLICAS)
    }
    const verdict = checkBatch(records, version, partition.topic.maxMessageBytes)
    if ('errorCode' in verdict) return refused(partition, verdict)
    const refusal = refuseRecords(records!, verdict.header, partition.topic, cluster.clock.wall())
    const wrong = refusal instanceof Promise ? await refusal : refusal
    return wrong === undefined ? this.#store(partition, verdict.header, records!) : refused(partition, wrong)
  }

  /** Once all is stored: a fetch that is woken by one partition finds the others as well. */
  tell(): void {
    for (const [partition, bytes] of this.#appended) this.#context.cluster.changed(partition, bytes)
  }

  /** Where the new leaders are. */
  endpoints(): NonNullable<Response['nodeEndpoints']> {
    const { cluster, version } = this.#context
    if (version < LEADER_HINTS_SINCE) return []
    const named = cluster.nodes.filter(({ id }) => this.#newLeaders.has(id))
    return named.map(({ id, host, port }) => ({ nodeId: id, host, port }))
  }

  /** Before the first write of a transaction the coordinator is asked, or told (KIP-890). */
  async #unverified({ topic, index, log }: Partition, records: Uint8Array | null): Promise<ErrorName> {
    const header = transactionalHeader(records)
    const { transactionalId } = this.#request
    if (header === undefined || transactionalId === null) return 'NONE'
    if (log.hasOpenTransaction(header.producerId, header.producerEpoch)) return 'NONE'
    const { cluster, version } = this.#context
    const partition = { topic: topic.name, partition: index }
    return verifyWrite(cluster, transactionalId, header, partition, {
      adds: version >= IMPLICIT_PARTITIONS_SINCE,
      knowsAbortable: version >= ABORTABLE_SINCE,
    })
  }

  /** From the check of the sequence to the append there is no wait: two requests cannot both be next. */
  #store(partition: Partition, header: BatchHeader, records: Uint8Array): PartitionResponse {
    const { topic, log, leaderEpoch } = partition
    const mustBeginAtZero = header.transactional && this.#context.version >= IMPLICIT_PARTITIONS_SINCE
    const sequence = log.producers.check(header, { mustBeginAtZero })
    if (sequence.outcome === 'duplicate') {
      // As in Kafka a repeat is told the time of the batch, also where the producer had set it.
      return stored(partition, sequence.baseOffset, sequence.maxTimestamp)
    }
    const outcome = sequence.outcome === 'append' ? outsideTransaction(partition, header) : sequence.outcome
    if (outcome !== undefined) {
      return { ...failedProduction(partition.index, ErrorCode[outcome]), logStartOffset: log.startOffset }
    }
    const logAppendTime = topic.logAppendTime ? this.#context.cluster.clock.wall() : undefined
    const { baseOffset, sizeBytes } = log.append(records, { leaderEpoch, logAppendTime })
    this.#appended.set(partition, (this.#appended.get(partition) ?? 0) + sizeBytes)
    return stored(partition, baseOffset, logAppendTime ?? -1)
  }

  #notLeader(partition: Partition, errorCode: number): PartitionResponse {
    const answer = failedProduction(partition.index, errorCode)
    if (this.#context.version < LEADER_HINTS_SINCE) return answer
    const { leader: leaderId, leaderEpoch } = partition
    this.#newLeaders.add(leaderId)
    return { ...answer, currentLeader: { leaderId, leaderEpoch } }
  }
}

/** A partition that stored nothing, for this reason. */
export function failedProduction(
  index: number,
  errorCode: number,
  errorMessage: string | null = null,
): PartitionResponse {
  return { index, errorCode, baseOffset: -1, errorMessage }
}

/** While its transaction is open a producer writes nothing beside it. */
function outsideTransaction({ log }: Partition, header: BatchHeader): 'INVALID_TXN_STATE' | undefined {
  return !header.transactional && log.hasOpenTransaction(header.producerId) ? 'INVALID_TXN_STATE' : undefined
}

function refused({ index, log }: Partition, { errorCode, text, fromLog, recordErrors }: Refusal): PartitionResponse {
  const answer = failedProduction(index, errorCode, text)
  if (!fromLog) return answer
  return { ...answer, logStartOffset: log.startOffset, ...(recordErrors === undefined ? {} : { recordErrors }) }
}

function stored({ index, log }: Partition, baseOffset: number, logAppendTimeMs: number): PartitionResponse {
  return { index, errorCode: ErrorCode.NONE, baseOffset, logAppendTimeMs, logStartOffset: log.startOffset }
}
