// What a coordinator knows of one transactional id, and which epochs may end its transaction (KIP-98). [broker]
// The rules and names are those of Kafka's TransactionMetadata and TransactionCoordinator.
import type { Timer } from '../../base/clock.ts'
import { ErrorCode, type ErrorName } from '../../protocol/errors.ts'

/** As Kafka prints them. Between Prepare and Complete markers are being written. */
export type TransactionState =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort'

/** How a transaction ends. */
export type Outcome = 'commit' | 'abort'

/** A producer as it names itself. */
export interface ProducerIdentity {
  producerId: bigint
  producerEpoch: number
}

/** A partition that takes part; for offsets it is one of `__consumer_offsets`. */
export interface TransactionPartition {
  topic: string
  partition: number
}

/** No producer has it yet. */
export const NO_PRODUCER = -1n
/** No epoch is known. */
export const NO_EPOCH = -1
/** The last epoch that a client sees; the one after it only fences. */
export const EPOCH_LAST = 0x7ffe

/** The state of one transactional id. */
export interface Transaction extends ProducerIdentity {
  readonly id: string
  /** The id before a rotation: a client that heard no answer may still come with it. */
  lastProducerId: bigint
  lastProducerEpoch: number
  state: TransactionState
  timeoutMs: number
  /** Wall clock; -1: none is open. */
  startMs: number
  /** By `topic-partition`. */
  readonly partitions: Map<string, TransactionPartition>
  /** Aborts it when its time is over. */
  timer: Timer | undefined
}

/** A transactional id, as a test sees it. */
export interface TransactionDescription extends ProducerIdentity {
  state: TransactionState
  /** Those of `__consumer_offsets` stand for groups. */
  partitions: TransactionPartition[]
}

/** Whether no epoch is left that a client may have. */
export function isExhausted(epoch: number): boolean {
  return epoch >= EPOCH_LAST
}

/** What a coordinator answers to an EndTxn: an error, nothing to do (a repeat), or the end. */
export type EndVerdict = ErrorName | 'repeat' | 'end'

/** Judges the EndTxn of a client that keeps its epoch from transaction to transaction (versions 0 and 1). */
export function judgeEnd(transaction: Transaction, by: ProducerIdentity, outcome: Outcome): EndVerdict {
  if (transaction.producerId !== by.producerId) return 'INVALID_PRODUCER_ID_MAPPING'
  if (transaction.producerEpoch !== by.producerEpoch) return 'PRODUCER_FENCED'
  switch (transaction.state) {
    case 'Ongoing':
      return 'end'
    case 'PrepareCommit':
    case 'PrepareAbort':
      return transaction.state === prepared(outcome) ? 'CONCURRENT_TRANSACTIONS' : 'INVALID_TXN_STATE'
    case 'Empty':
      return 'INVALID_TXN_STATE'
    case 'CompleteCommit':
    case 'CompleteAbort':
      return transaction.state === completed(outcome) ? 'repeat' : 'INVALID_TXN_STATE'
  }
}

/**
 * Judges the EndTxn of a client whose epoch goes up with every end (version 2): the epoch before the present one is a
 * repeat, the present one means the next transaction, and an abort may end one that wrote nothing.
 */
export function judgeEndWithBump(transaction: Transaction, by: ProducerIdentity, outcome: Outcome): EndVerdict {
  const { state, producerEpoch } = transaction
  const rotated = transaction.lastProducerId === by.producerId && by.producerEpoch === EPOCH_LAST && producerEpoch === 0
  const bumped = producerEpoch === by.producerEpoch + 1
  const current = producerEpoch === by.producerEpoch
  if (transaction.producerId !== by.producerId && !rotated) return 'INVALID_PRODUCER_ID_MAPPING'
  switch (state) {
    case 'Ongoing':
      return current ? 'end' : 'PRODUCER_FENCED'
    case 'Empty':
      if (!current) return 'PRODUCER_FENCED'
      return outcome === 'abort' ? 'end' : 'INVALID_TXN_STATE'
    case 'PrepareCommit':
    case 'PrepareAbort':
      if (!bumped) return 'PRODUCER_FENCED'
      return state === prepared(outcome) ? 'CONCURRENT_TRANSACTIONS' : 'INVALID_TXN_STATE'
    case 'CompleteCommit':
    case 'CompleteAbort':
      if (!bumped && !rotated && !current) return 'PRODUCER_FENCED'
      if (bumped || rotated) return state === completed(outcome) ? 'repeat' : 'INVALID_TXN_STATE'
      return outcome === 'abort' ? 'end' : 'INVALID_TXN_STATE'
  }
}

/** The state while markers of this outcome are being written. */
export function prepared(outcome: Outcome): 'PrepareCommit' | 'PrepareAbort' {
  return outcome === 'commit' ? 'PrepareCommit' : 'PrepareAbort'
}

/** The state after that. */
export function completed(outcome: Outcome): 'CompleteCommit' | 'CompleteAbort' {
  return outcome === 'commit' ? 'CompleteCommit' : 'CompleteAbort'
}

/** The code of an error; clients too old to know PRODUCER_FENCED (KIP-588) are told what they know. */
export function codeFor(error: ErrorName, knowsFenced: boolean): number {
  return error === 'PRODUCER_FENCED' && !knowsFenced ? ErrorCode.INVALID_PRODUCER_EPOCH : ErrorCode[error]
}

/** The topic in which a real broker keeps offsets: its partitions stand for the groups of a transaction. */
export const OFFSETS_TOPIC = '__consumer_offsets'
/** As `offsets.topic.num.partitions`. */
const OFFSETS_PARTITIONS = 50

/** The partition that keeps the offsets of a group, chosen as Kafka does (Java's String.hashCode). */
export function offsetsPartitionOf(group: string): TransactionPartition {
  let hash = 0
  for (let index = 0; index < group.length; index++) hash = (Math.imul(hash, 31) + group.charCodeAt(index)) | 0
  return { topic: OFFSETS_TOPIC, partition: (hash & 0x7fff_ffff) % OFFSETS_PARTITIONS }
}
