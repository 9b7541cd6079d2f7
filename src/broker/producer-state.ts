// What one partition remembers of idempotent producers: it drops repeats and refuses gaps (KIP-98, KIP-360). [broker]

/** As many batches as a producer may have in flight, so that any of them may be repeated. */
const REMEMBERED_BATCHES = 5
/** Producers remembered by a partition; the one that was silent longest goes first. */
const PRODUCERS_MAX = 10_000

interface Remembered {
  firstSequence: number
  lastSequence: number
  baseOffset: number
  maxTimestamp: number
}

interface ProducerEntry {
  epoch: number
  batches: Remembered[]
}

/** The part of a batch header that matters here. */
export interface Sequenced {
  producerId: bigint
  producerEpoch: number
  baseSequence: number
  lastOffsetDelta: number
  maxTimestamp: number
}

/** `append`: it is next; `duplicate`: it was stored before; the others are the broker errors of these names. */
export type Verdict =
  | { outcome: 'append' }
  | { outcome: 'duplicate'; baseOffset: number; maxTimestamp: number }
  | { outcome: 'OUT_OF_ORDER_SEQUENCE_NUMBER' | 'INVALID_PRODUCER_EPOCH' }

/** Sequence numbers run from 0 to 2^31 - 1 and start again. */
export function sequenceAfter(sequence: number, steps: number): number {
  return (sequence + steps) % 0x8000_0000
}

/** One partition's producers. */
export class ProducerState {
  readonly #producers = new Map<bigint, ProducerEntry>()

  /** Judges a batch before it is appended; one without a producer id always passes. */
  check(batch: Sequenced): Verdict {
    if (batch.producerId < 0n) return { outcome: 'append' }
    const entry = this.#producers.get(batch.producerId)
    // A producer that the partition does not know (any more) may start anywhere (KIP-360).
    if (entry === undefined) return { outcome: 'append' }
    if (batch.producerEpoch < entry.epoch) return { outcome: 'INVALID_PRODUCER_EPOCH' }
    if (batch.producerEpoch > entry.epoch) {
      return { outcome: batch.baseSequence === 0 ? 'append' : 'OUT_OF_ORDER_SEQUENCE_NUMBER' }
    }
    const lastSequence = sequenceAfter(batch.baseSequence, batch.lastOffsetDelta)
    const same = entry.batches.find(
      (known) => known.firstSequence === batch.baseSequence && known.lastSequence === lastSequence,
    )
    if (same !== undefined)
      return { outcome: 'duplicate', baseOffset: same.baseOffset, maxTimestamp: same.maxTimestamp }
    const last = entry.batches.at(-1)
    const inOrder = last === undefined || sequenceAfter(last.lastSequence, 1) === batch.baseSequence
    return { outcome: inOrder ? 'append' : 'OUT_OF_ORDER_SEQUENCE_NUMBER' }
  }

  /** Remembers a batch that was appended. */
  appended(batch: Sequenced, baseOffset: number): void {
    if (batch.producerId < 0n) return
    const known = this.#producers.get(batch.producerId)
    const entry =
      known !== undefined && known.epoch === batch.producerEpoch ? known : { epoch: batch.producerEpoch, batches: [] }
    // Set anew, so that the map's order is the order of last use.
    this.#producers.delete(batch.producerId)
    this.#producers.set(batch.producerId, entry)
    if (this.#producers.size > PRODUCERS_MAX) this.#producers.delete(this.#producers.keys().next().value!)
    // A marker carries no sequence: it only fences older epochs.
    if (batch.baseSequence < 0) return
    if (entry.batches.length === REMEMBERED_BATCHES) entry.batches.shift()
    const lastSequence = sequenceAfter(batch.baseSequence, batch.lastOffsetDelta)
    entry.batches.push({
      firstSequence: batch.baseSequence,
      lastSequence,
      baseOffset,
      maxTimestamp: batch.maxTimestamp,
    })
  }
}
