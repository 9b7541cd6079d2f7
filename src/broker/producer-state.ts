// What one partition remembers of producers: repeats, gaps, zombies (KIP-98, KIP-360, KIP-890). [broker]
// The rules are those of Kafka's ProducerStateManager and ProducerAppendInfo; the log feeds it every batch.

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

/** What a partition knows of one producer. */
export interface ProducerEntry {
  epoch: number
  /** Of its last marker; -1: there was none. */
  coordinatorEpoch: number
  /** The last five of this epoch. */
  batches: Remembered[]
  lastTimestamp: number
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
  check(batch: Sequenced, { mustBeginAtZero = false } = {}): Verdict {
    if (batch.producerId < 0n) return { outcome: 'append' }
    const entry = this.#producers.get(batch.producerId)
    if (entry === undefined) {
      // A producer that the partition does not know (any more) may start anywhere (KIP-360), but not where the
      // transaction protocol bumps epochs: there it begins anew in every transaction (KIP-890).
      return { outcome: mustBeginAtZero && batch.baseSequence !== 0 ? 'OUT_OF_ORDER_SEQUENCE_NUMBER' : 'append' }
    }
    const same = duplicateOf(entry, batch)
    if (same !== undefined) {
      return { outcome: 'duplicate', baseOffset: same.baseOffset, maxTimestamp: same.maxTimestamp }
    }
    if (batch.producerEpoch < entry.epoch) return { outcome: 'INVALID_PRODUCER_EPOCH' }
    // After a marker that bumped the epoch nothing of the new epoch is remembered: it begins at 0 as well.
    const last = batch.producerEpoch > entry.epoch ? undefined : entry.batches.at(-1)
    const expected = last === undefined ? 0 : sequenceAfter(last.lastSequence, 1)
    return { outcome: batch.baseSequence === expected ? 'append' : 'OUT_OF_ORDER_SEQUENCE_NUMBER' }
  }

  /** Remembers a batch that was appended. */
  appended(batch: Sequenced, baseOffset: number, coordinatorEpoch?: number): void {
    if (batch.producerId < 0n) return
    const entry = this.#enter(batch)
    entry.lastTimestamp = batch.maxTimestamp
    // A marker carries no sequence: it fences older epochs and older coordinators.
    if (coordinatorEpoch !== undefined) entry.coordinatorEpoch = coordinatorEpoch
    if (batch.baseSequence < 0) return
    if (entry.batches.length === REMEMBERED_BATCHES) entry.batches.shift()
    const { baseSequence: firstSequence, maxTimestamp } = batch
    const lastSequence = sequenceAfter(firstSequence, batch.lastOffsetDelta)
    entry.batches.push({ firstSequence, lastSequence, baseOffset, maxTimestamp })
  }

  /** What is known of one producer. */
  get(producerId: bigint): Readonly<ProducerEntry> | undefined {
    return this.#producers.get(producerId)
  }

  /** All that are known, the one that was silent longest first. */
  entries(): IterableIterator<[bigint, Readonly<ProducerEntry>]> {
    return this.#producers.entries()
  }

  #enter({ producerId, producerEpoch }: Sequenced): ProducerEntry {
    const known = this.#producers.get(producerId)
    const entry = known ?? { epoch: producerEpoch, coordinatorEpoch: -1, batches: [], lastTimestamp: -1 }
    if (entry.epoch !== producerEpoch) {
      entry.epoch = producerEpoch
      entry.batches = []
    }
    // Set anew, so that the map's order is the order of last use.
    this.#producers.delete(producerId)
    this.#producers.set(producerId, entry)
    if (this.#producers.size > PRODUCERS_MAX) this.#producers.delete(this.#producers.keys().next().value!)
    return entry
  }
}

function duplicateOf(entry: ProducerEntry, batch: Sequenced): Remembered | undefined {
  if (batch.producerEpoch !== entry.epoch) return undefined
  const lastSequence = sequenceAfter(batch.baseSequence, batch.lastOffsetDelta)
  return entry.batches.find(
    (known) => known.firstSequence === batch.baseSequence && known.lastSequence === lastSequence,
  )
}
