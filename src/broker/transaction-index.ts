// Open and aborted transactions of one partition, which decide what read_committed may see (KIP-98). [broker]

/** A transaction that ended in an abort marker. */
export interface AbortedTransaction {
  producerId: bigint
  firstOffset: number
  /** The offset of its marker. */
  lastOffset: number
}

/** What the index needs to know of an appended batch. */
export interface IndexedBatch {
  baseOffset: number
  lastOffset: number
  producerId: bigint
  transactional: boolean
  /** Set for a control batch. */
  marker: 'commit' | 'abort' | 'other' | undefined
}

/** Follows every appended batch, in offset order. */
export class TransactionIndex {
  readonly #open = new Map<bigint, number>()
  /** Ordered by the offset of the marker. */
  #aborted: AbortedTransaction[] = []

  /** Opens, goes on with, or ends a transaction. */
  appended(batch: IndexedBatch): void {
    const { producerId, marker } = batch
    if (marker === undefined) {
      if (batch.transactional && !this.#open.has(producerId)) this.#open.set(producerId, batch.baseOffset)
      return
    }
    const firstOffset = this.#open.get(producerId)
    if (firstOffset === undefined || marker === 'other') return
    this.#open.delete(producerId)
    if (marker === 'abort') this.#aborted.push({ producerId, firstOffset, lastOffset: batch.lastOffset })
  }

  /** The offset before which every transaction has ended. */
  lastStableOffset(highWatermark: number): number {
    let first = highWatermark
    for (const offset of this.#open.values()) first = Math.min(first, offset)
    return first
  }

  /** Whether this producer has a transaction open here. */
  isOpen(producerId: bigint): boolean {
    return this.#open.has(producerId)
  }

  /** The offset at which the producer's open transaction begins. */
  startOf(producerId: bigint): number | undefined {
    return this.#open.get(producerId)
  }

  /** Aborted transactions with an offset in `[from, upTo)`, by the order of their markers. */
  abortedBetween(from: number, upTo: number): AbortedTransaction[] {
    return this.#aborted.filter(({ firstOffset, lastOffset }) => lastOffset >= from && firstOffset < upTo)
  }

  /** Forgets what ended before the log starts. */
  forgetBefore(offset: number): void {
    this.#aborted = this.#aborted.filter(({ lastOffset }) => lastOffset >= offset)
  }

  /** Starts over; the log feeds the batches that it still has. */
  clear(): void {
    this.#open.clear()
    this.#aborted = []
  }
}
