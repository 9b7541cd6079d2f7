// The log of one partition: batches stored encoded and served as they are. [broker]
import { BATCH_HEADER_BYTES, readBatchHeader } from '../record/batch.ts'
import { stampBatch } from '../record/encode.ts'
import { EpochHistory } from './epoch-history.ts'
import { markerOf } from './marker.ts'
import { ProducerState } from './producer-state.ts'
import { SegmentStore } from './segment-store.ts'
import { type AbortedTransaction, type IndexedBatch, TransactionIndex } from './transaction-index.ts'

/** A batch as it lies in the log. */
export interface StoredBatch extends IndexedBatch {
  maxTimestamp: number
  sizeBytes: number
  /** The segment that holds the batch, or only its header when `body` is set. */
  bytes: Uint8Array
  at: number
  /** Records shared with other batches that differ only in what the CRC does not cover. */
  body: Uint8Array | undefined
}

/** As `index.interval.bytes`. */
const INDEX_INTERVAL_BYTES = 4096

/** How to append. */
export interface AppendOptions {
  leaderEpoch: number
  /** Milliseconds since the epoch: sets every record's timestamp (LogAppendTime). */
  logAppendTime?: number | undefined
  /** Leaves a hole before the batch, as compaction does; not below the log's end. Default: the log's end. */
  baseOffset?: number | undefined
  /** The batch is its header alone, and these bytes follow it; they must never change. Not with `logAppendTime`. */
  body?: Uint8Array | undefined
}

/** What a fetch gets: `pieces` one after the other are whole batches, but for the last one, which may be cut. */
export interface LogSlice {
  pieces: Uint8Array[]
  sizeBytes: number
  /** The offset after the last batch that `pieces` touch. */
  endOffset: number
}

/** Batches in memory, with what brokers keep about them. The high watermark is the log's end: replicas never lag. */
export class PartitionLog {
  readonly epochs = new EpochHistory()
  #producers = new ProducerState()
  readonly #transactions = new TransactionIndex()
  readonly #store = new SegmentStore()
  #batches: StoredBatch[] = []
  #startOffset = 0
  #endOffset = 0
  #sizeBytes = 0

  /** What idempotent producers wrote: `append` keeps it up. */
  get producers(): ProducerState {
    return this.#producers
  }

  get batches(): readonly StoredBatch[] {
    return this.#batches
  }

  /** The first offset that may be read. */
  get startOffset(): number {
    return this.#startOffset
  }

  /** The offset that the next record gets. */
  get endOffset(): number {
    return this.#endOffset
  }

  get highWatermark(): number {
    return this.#endOffset
  }

  /** The offset before which every transaction has ended. */
  get lastStableOffset(): number {
    // As in Kafka not below the log's start, also where records of an open transaction were deleted.
    return Math.max(this.#startOffset, this.#transactions.lastStableOffset(this.#endOffset))
  }

  /** Whether a producer has a transaction open here, in this epoch; undefined for any epoch. */
  hasOpenTransaction(producerId: bigint, producerEpoch?: number): boolean {
    if (!this.#transactions.isOpen(producerId)) return false
    return producerEpoch === undefined || this.#producers.get(producerId)?.epoch === producerEpoch
  }

  /** Where the open transaction of a producer begins; undefined: there is none. */
  transactionStart(producerId: bigint): number | undefined {
    return this.#transactions.startOf(producerId)
  }

  /** Bytes of all batches. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Appends one batch of 61 bytes or more, which gets the next offsets. Nothing in it is verified here. */
  append(batch: Uint8Array, options: AppendOptions): StoredBatch {
    const { leaderEpoch, logAppendTime, body } = options
    const room = this.#store.claim(batch.length)
    room.bytes.set(batch, room.at)
    const baseOffset = Math.max(this.#endOffset, options.baseOffset ?? 0)
    stampBatch(room.bytes, room.at, { baseOffset, leaderEpoch, logAppendTime })
    const header = readBatchHeader(viewOf(room.bytes), room.at)
    const { producerId, transactional, maxTimestamp } = header
    const marker = header.control ? markerOf(room.bytes.subarray(room.at, room.at + batch.length)) : undefined
    const stored: StoredBatch = {
      baseOffset,
      lastOffset: baseOffset + Math.max(0, header.lastOffsetDelta),
      producerId,
      transactional,
      marker: marker?.type,
      maxTimestamp,
      sizeBytes: batch.length + (body?.length ?? 0),
      bytes: room.bytes,
      at: room.at,
      body,
    }
    this.epochs.begin(leaderEpoch, baseOffset)
    this.#batches.push(stored)
    this.#sizeBytes += stored.sizeBytes
    this.#endOffset = stored.lastOffset + 1
    this.#transactions.appended(stored)
    this.#producers.appended(header, baseOffset, marker?.coordinatorEpoch)
    return stored
  }

  /**
   * Batches from the one that holds `offset` on, below `upTo`, at most `maxBytes`. As in Kafka the last batch may be
   * cut, and a first batch that does not fit comes whole when `minOneBatch`, else nothing comes.
   */
  read(offset: number, upTo: number, maxBytes: number, minOneBatch: boolean): LogSlice {
    const slice: LogSlice = { pieces: [], sizeBytes: 0, endOffset: offset }
    let index = this.indexOf(offset)
    const first = this.#batches[index]
    if (first === undefined || first.baseOffset >= upTo) return slice
    if (first.sizeBytes > maxBytes && !minOneBatch) return slice
    const limit = Math.max(maxBytes, minOneBatch ? first.sizeBytes : 0)
    let run: { bytes: Uint8Array; at: number; end: number } | undefined
    for (; slice.sizeBytes < limit; index++) {
      const batch = this.#batches[index]
      if (batch === undefined || batch.baseOffset >= upTo) break
      const taken = Math.min(batch.sizeBytes, limit - slice.sizeBytes)
      const own = batch.body === undefined ? taken : Math.min(taken, batch.sizeBytes - batch.body.length)
      if (run !== undefined && run.bytes === batch.bytes && run.end === batch.at) run.end += own
      else {
        if (run !== undefined) slice.pieces.push(run.bytes.subarray(run.at, run.end))
        run = { bytes: batch.bytes, at: batch.at, end: batch.at + own }
      }
      if (batch.body !== undefined) {
        slice.pieces.push(run.bytes.subarray(run.at, run.end))
        run = undefined
        if (taken > own) slice.pieces.push(batch.body.subarray(0, taken - own))
      }
      slice.sizeBytes += taken
      slice.endOffset = batch.lastOffset + 1
    }
    if (run !== undefined) slice.pieces.push(run.bytes.subarray(run.at, run.end))
    return slice
  }

  /** Bytes from the batch that holds `offset` up to `upTo`, counted no further than `limit`. */
  bytesBetween(offset: number, upTo: number, limit: number): number {
    let size = 0
    for (let index = this.indexOf(offset); size < limit; index++) {
      const batch = this.#batches[index]
      if (batch === undefined || batch.baseOffset >= upTo) break
      size += batch.sizeBytes
    }
    return size
  }

  /** The index of the first batch that ends at or after `offset`. */
  indexOf(offset: number): number {
    let low = 0
    let high = this.#batches.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#batches[middle]!.lastOffset < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  /** The whole batch, in one piece. */
  bytesOf(batch: StoredBatch): Uint8Array {
    const own = batch.bytes.subarray(batch.at, batch.at + batch.sizeBytes - (batch.body?.length ?? 0))
    return batch.body === undefined ? own : Buffer.concat([own, batch.body])
  }

  /**
   * Aborted transactions that touch `[from, upTo)`, and those a little later: Kafka finds the end in its sparse index
   * of offsets, so clients hear of more than they get.
   */
  abortedBetween(from: number, upTo: number): AbortedTransaction[] {
    let index = this.indexOf(upTo)
    for (let bytes = 0; bytes <= INDEX_INTERVAL_BYTES && index < this.#batches.length; index++) {
      bytes += this.#batches[index]!.sizeBytes
    }
    return this.#transactions.abortedBetween(from, this.#batches[index]?.lastOffset ?? this.#endOffset)
  }

  /** Moves the start of the log up to `offset` (DeleteRecords, retention); a batch that reaches past it stays whole. */
  deleteBefore(offset: number): void {
    this.#startOffset = Math.min(Math.max(offset, this.#startOffset), this.#endOffset)
    for (const batch of this.#batches.splice(0, this.indexOf(this.#startOffset))) this.#sizeBytes -= batch.sizeBytes
    this.#transactions.forgetBefore(this.#startOffset)
    this.epochs.forgetBefore(this.#startOffset)
  }

  /** Loses everything from `offset` on, as an unclean leader election does; a batch that reaches past it goes whole. */
  truncate(offset: number): void {
    const index = this.indexOf(offset)
    for (const batch of this.#batches.splice(index)) this.#sizeBytes -= batch.sizeBytes
    const last = this.#batches.at(-1)
    this.#endOffset = Math.min(
      this.#endOffset,
      Math.max(this.#startOffset, last === undefined ? 0 : last.lastOffset + 1),
    )
    this.epochs.truncate(this.#endOffset)
    this.#producers = new ProducerState()
    this.#transactions.clear()
    // As in Kafka what is known of producers is rebuilt from what is left.
    for (const batch of this.#batches) {
      this.#transactions.appended(batch)
      const own = batch.bytes.subarray(batch.at, batch.at + batch.sizeBytes)
      const epoch = batch.marker === undefined ? undefined : markerOf(own).coordinatorEpoch
      this.#producers.appended(readBatchHeader(viewOf(batch.bytes), batch.at), batch.baseOffset, epoch)
    }
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** Bytes that `append` needs at least. */
export const STORED_BYTES_MIN = BATCH_HEADER_BYTES
