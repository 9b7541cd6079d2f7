// What main, the workers that compress, and the I/O thread tell each other about producers. [shared commands]
//
//   main ── openProducer, produce ──────────────────► I/O ── produced (reports, freed) ──► main
//     └── a batch to compress ──► worker ── produce ──►┘
//
// The bytes lie in the producer's memory, which is main's alone to give out. A block handed to the I/O thread (or to
// a worker before it) belongs to it until its batch stands in `freed`, whatever was reported about it before.
import type { MessagePort } from 'node:worker_threads'
import type { WireError } from '../base/errors.ts'

/** How the I/O thread sends for one producer: that part of its options. */
export interface ProducerSettings {
  /** -1: all in-sync replicas, 1: the leader, 0: nobody says anything. A batch may override it unless idempotent. */
  acks: -1 | 0 | 1
  idempotent: boolean
  /** Makes transactions possible; idempotent then. */
  transactionalId: string | undefined
  transactionTimeoutMs: number
  /** Requests under way on one connection. */
  maxInFlight: number
  /** Each partition keeps to one of so many connections to its leader. */
  connectionsPerBroker: number
  /** How long the broker may take to answer. */
  requestTimeoutMs: number
  /** Attempts after the first one; `Infinity` for as many as fit before the deadline of the batch. */
  retries: number
  retryBackoffMs: number
  retryBackoffMaxMs: number
  /** No request is larger, unless a single batch is. */
  maxRequestBytes: number
}

/** The line on which a worker hands on batches that it compressed. */
export type ProducePort = MessagePort

/** A piece of the producer's memory. */
export interface Extent {
  start: number
  sizeBytes: number
}

/** A batch that gets no more records, as it lies in the producer's memory. */
export interface SealedBatch {
  /** Never used twice by a producer. */
  id: number
  topic: string
  partition: number
  /** 0, 1, 2 … in each partition: the order in which batches are sent, whichever way they come. None may be missing. */
  ordinal: number
  /**
   * The encoded (and perhaps compressed) records, in order. The first piece begins with 61 bytes that the I/O thread
   * fills with the header of the batch.
   */
  pieces: Extent[]
  /** Records. */
  count: number
  /** Milliseconds since the epoch, as the records count theirs from. */
  baseTimestamp: number
  maxTimestamp: number
  /** As in the attributes of a batch: 0 none, 1 gzip, 2 snappy, 3 lz4, 4 zstd. */
  codec: number
  /** Instead of the producer's. */
  acks?: -1 | 0 | 1 | undefined
  /** By `Clock.now()`: nothing is sent after it, and the report comes at once when it is over. */
  deadlineMs: number
  /** The transaction it belongs to, as given to `beginTransaction`; undefined outside of one. */
  transaction?: number | undefined
  /** It was lost on its way (a worker could not compress it): it is not sent but reported with this, and freed. */
  lost?: WireError | undefined
}

/** Main, or a worker that compressed, to I/O. */
export interface Produce {
  type: 'produce'
  producer: number
  batches: SealedBatch[]
}

/** Commands about producers: main to I/O. */
export type ProducerCommand =
  | {
      type: 'openProducer'
      producer: number
      settings: ProducerSettings
      /** Where the pieces of its batches lie. */
      memory: SharedArrayBuffer
      /** Where workers post `Produce` messages for it, if any do. */
      workers: ProducePort[]
    }
  | Produce

/** An offset to commit within a transaction: of the next record to read. */
export interface TransactionOffset {
  topic: string
  partition: number
  offset: number
  /** -1: not known. */
  leaderEpoch: number
  metadata: string | null
}

/** The group that a transaction commits offsets for; a member names itself, so that a zombie is fenced (KIP-447). */
export interface TransactionGroup {
  groupId: string
  /** -1 and '' for who is no member. */
  generationId: number
  memberId: string
  groupInstanceId: string | null
}

/** Calls about producers. */
export type ProducerCall =
  /** Gets the producer id. Needed before the first transaction (it fences older producers); else done when needed. */
  | { op: 'initProducer'; producer: number }
  /**
   * Begins transaction number `transaction`: 1, 2, 3 …, chosen by main. After an end that was left undecided the
   * producer id is made anew first.
   */
  | { op: 'beginTransaction'; producer: number; transaction: number }
  | { op: 'addOffsets'; producer: number; group: TransactionGroup; offsets: TransactionOffset[] }
  /**
   * To commit, main waits for the reports of all its batches first. To abort it does not: those not sent are reported
   * as not stored, also those that come from a worker later. Rejects when the transaction did not end so: with
   * `requiresAbort` it is still open and can only be aborted, with `fatal` the producer is done for. An end that nobody
   * could confirm is TRANSACTION_UNDECIDED, never success; the next transaction may begin.
   */
  | { op: 'endTransaction'; producer: number; commit: boolean }
  /**
   * Gives up what is left: what was never sent is reported as not stored, what is on its way as `may be stored`. Closes
   * the connections; answered when all memory was freed.
   */
  | { op: 'closeProducer'; producer: number }

/** Who the producer is to the brokers. */
export interface ProducerIdentity {
  producerId: bigint
  producerEpoch: number
}

/** What each call about a producer resolves to. */
export interface ProducerCallResults {
  initProducer: ProducerIdentity
  beginTransaction: undefined
  addOffsets: undefined
  endTransaction: undefined
  closeProducer: undefined
}

/** What became of some records, which follow each other. */
export interface PartReport {
  count: number
  /** Of the first record, record i has `baseOffset + i`; -1 where nobody told (acks 0, a duplicate long ago). */
  baseOffset: number
  /** The timestamp that the broker gave all records, or -1: they keep their own (CreateTime). */
  logAppendTime: number
  /** `error.stored` tells whether the records are in the log after all. */
  error: WireError | undefined
}

/** What became of a batch. Exactly one comes for each, in any order. */
export interface BatchReport extends PartReport {
  id: number
  /**
   * Of a batch that was too large for the broker: it went in these, in their order. Then the report's own fields are
   * those of the first that failed, or of the first.
   */
  parts?: PartReport[] | undefined
  /** By `Clock.now()`: when the batch was first handed to a socket; undefined if never. */
  firstSentAtMs: number | undefined
  /** How long the last request took to be answered. */
  requestMs: number
  /** Times it was sent, as a whole or a part of it. */
  attempts: number
  /** The whole batch as sent, compressed and with its header. */
  sizeBytes: number
}

/** What the I/O thread tells about producers. */
export type ProducerEvent =
  | {
      type: 'produced'
      producer: number
      reports: BatchReport[]
      /** Batches whose memory is main's again; each comes once, never before its report. */
      freed: number[]
    }
  /** Nothing can be sent any more: whatever is left and comes is reported with this error. */
  | { type: 'producerFailed'; producer: number; error: WireError }
