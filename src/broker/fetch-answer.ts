// The answer to a Fetch, whose records are pieces of the log, and how it becomes bytes without a copy of them. [broker]
import { Writer } from '../bytes/writer.ts'
import type { LogSlice } from './log.ts'
import type { AbortedTransaction } from './transaction-index.ts'

/** What one partition gives. */
export interface PartitionAnswer {
  partitionIndex: number
  errorCode: number
  highWatermark: number
  lastStableOffset: number
  logStartOffset: number
  /** Whom the client should ask instead (KIP-392); -1: go on here. */
  preferredReadReplica: number
  /** From v12 on: where the client's log went another way (KIP-595). */
  divergingEpoch: { epoch: number; endOffset: number } | undefined
  /** From v12 on, told from v16 on: who leads now (KIP-951). */
  currentLeader: { leaderId: number; leaderEpoch: number } | undefined
  /** Null under read_uncommitted. */
  abortedTransactions: Pick<AbortedTransaction, 'producerId' | 'firstOffset'>[] | null
  records: Pick<LogSlice, 'pieces' | 'sizeBytes'>
}

/** One broker's address, as KIP-951 sends it along. */
export interface NodeEndpoint {
  nodeId: number
  host: string
  port: number
}

/** The whole answer. */
export interface FetchAnswer {
  errorCode: number
  sessionId: number
  responses: { topic: string; topicId: string; partitions: PartitionAnswer[] }[]
  nodeEndpoints: NodeEndpoint[]
}

const FLEXIBLE_SINCE = 12

/** The bytes of the answer, length prefix included, with the log's own pieces between those written here. */
export function encodeFetchAnswer(answer: FetchAnswer, version: number, correlationId: number): Uint8Array[] {
  const flexible = version >= FLEXIBLE_SINCE
  const out = new FetchWriter(flexible)
  const { writer } = out
  writer.int32(0) // the length, known at the end
  writer.int32(correlationId)
  out.noTags() // of the response header
  writer.int32(0) // throttle time
  if (version >= 7) {
    writer.int16(answer.errorCode)
    writer.int32(answer.sessionId)
  }
  out.count(answer.responses.length)
  for (const { topic, topicId, partitions } of answer.responses) {
    if (version >= 13) writer.uuid(topicId)
    else if (flexible) writer.compactString(topic)
    else writer.string(topic)
    out.count(partitions.length)
    for (const partition of partitions) out.partition(partition, version)
    out.noTags()
  }
  if (flexible) writeEndpoints(writer, version >= 16 ? answer.nodeEndpoints : [])
  return out.finish()
}

/** A partition that has nothing to give, for this reason. */
export function failedPartition(partitionIndex: number, errorCode: number): PartitionAnswer {
  return {
    partitionIndex,
    errorCode,
    highWatermark: -1,
    lastStableOffset: -1,
    logStartOffset: -1,
    preferredReadReplica: -1,
    divergingEpoch: undefined,
    currentLeader: undefined,
    abortedTransactions: null,
    records: { pieces: [], sizeBytes: 0 },
  }
}

class FetchWriter {
  readonly writer = new Writer(1024)
  readonly #flexible: boolean
  /** After which byte of the writer's the pieces of a partition go. */
  readonly #cuts: { at: number; pieces: Uint8Array[] }[] = []
  #recordsBytes = 0

  constructor(flexible: boolean) {
    this.#flexible = flexible
  }

  count(count: number): void {
    if (this.#flexible) this.writer.uvarint(count + 1)
    else this.writer.int32(count)
  }

  noTags(): void {
    if (this.#flexible) this.writer.uvarint(0)
  }

  partition(partition: PartitionAnswer, version: number): void {
    const { writer } = this
    writer.int32(partition.partitionIndex)
    writer.int16(partition.errorCode)
    writer.safeInt64(partition.highWatermark)
    writer.safeInt64(partition.lastStableOffset)
    if (version >= 5) writer.safeInt64(partition.logStartOffset)
    this.#aborted(partition.abortedTransactions)
    if (version >= 11) writer.int32(partition.preferredReadReplica)
    const { pieces, sizeBytes } = partition.records
    if (this.#flexible) writer.uvarint(sizeBytes + 1)
    else writer.int32(sizeBytes)
    if (sizeBytes > 0) this.#cuts.push({ at: writer.at, pieces })
    this.#recordsBytes += sizeBytes
    if (this.#flexible) writePartitionTags(writer, partition)
  }

  #aborted(transactions: PartitionAnswer['abortedTransactions']): void {
    const { writer } = this
    if (transactions === null) {
      if (this.#flexible) writer.uvarint(0)
      else writer.int32(-1)
      return
    }
    this.count(transactions.length)
    for (const { producerId, firstOffset } of transactions) {
      writer.int64(producerId)
      writer.safeInt64(firstOffset)
      this.noTags()
    }
  }

  finish(): Uint8Array[] {
    const { writer } = this
    const end = writer.at
    writer.at = 0
    writer.int32(end - 4 + this.#recordsBytes)
    writer.at = end
    const written = writer.finish()
    const pieces: Uint8Array[] = []
    let from = 0
    for (const cut of this.#cuts) {
      pieces.push(written.subarray(from, cut.at))
      for (const piece of cut.pieces) pieces.push(piece)
      from = cut.at
    }
    if (from < end) pieces.push(written.subarray(from))
    return pieces
  }
}

/** Tag 0 is the diverging epoch, tag 1 the leader; both are two numbers. */
function writePartitionTags(writer: Writer, { divergingEpoch, currentLeader }: PartitionAnswer): void {
  writer.uvarint((divergingEpoch === undefined ? 0 : 1) + (currentLeader === undefined ? 0 : 1))
  if (divergingEpoch !== undefined) {
    writer.uvarint(0)
    writer.uvarint(4 + 8 + 1)
    writer.int32(divergingEpoch.epoch)
    writer.safeInt64(divergingEpoch.endOffset)
    writer.uvarint(0)
  }
  if (currentLeader !== undefined) {
    writer.uvarint(1)
    writer.uvarint(4 + 4 + 1)
    writer.int32(currentLeader.leaderId)
    writer.int32(currentLeader.leaderEpoch)
    writer.uvarint(0)
  }
}

function writeEndpoints(writer: Writer, endpoints: readonly NodeEndpoint[]): void {
  writer.uvarint(endpoints.length === 0 ? 0 : 1)
  if (endpoints.length === 0) return
  writer.uvarint(0) // the tag
  const start = writer.at
  writer.uvarint(endpoints.length + 1)
  for (const { nodeId, host, port } of endpoints) {
    writer.int32(nodeId)
    writer.compactString(host)
    writer.int32(port)
    writer.compactNullableString(null) // rack
    writer.uvarint(0)
  }
  writer.sizeBefore(start)
}
