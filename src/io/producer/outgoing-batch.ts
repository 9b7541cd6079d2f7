// A batch on its way: its bytes in the producer's memory, its place in the sequence, who still needs it. [I/O thread]
//
//   waiting ─► in flight ─► reported ┐
//      ▲___________│                 ├─► freed: when reported, and no socket write and no request holds it any more
//         retried       holders = 0 ─┘
import { assert } from '../../base/assert.ts'
import { crc32c } from '../../bytes/crc32c.ts'
import type { Pieces } from '../../bytes/writer.ts'
import type { SealedBatch } from '../../control/producing.ts'
import { ATTRIBUTES_AT, BATCH_HEADER_BYTES, CRC_AT, TRANSACTIONAL_BIT, writeBatchHeader } from '../../record/batch.ts'
import type { EndedPart } from './outcome.ts'

/** Who writes a batch: producer id and epoch. */
export interface Identity {
  producerId: bigint
  producerEpoch: number
}

/** Without idempotence. */
export const NOBODY: Identity = { producerId: -1n, producerEpoch: -1 }

/** Sequence numbers run from 0 to 2^31 - 1 and start again. */
export const SEQUENCES = 0x8000_0000

/** Where a part belongs that was cut from a batch. */
export interface PartOf {
  whole: OutgoingBatch
  /** The number of its first record in the whole. */
  first: number
  /** Of all parts that have ended, in no order. */
  ends: EndedPart[]
}

/** One sealed batch, from its arrival until its memory is main's again; or a part of one. */
export class OutgoingBatch implements Pieces {
  readonly sealed: SealedBatch
  readonly pieces: Uint8Array[]
  readonly sizeBytes: number
  /** What it was cut from, if it was. */
  readonly part: PartOf | undefined
  /** The number of its first record in the partition's sequence; -1: it has none yet. */
  sequence = -1
  /** Times it, or a part of it, was handed to a connection. */
  attempts = 0
  /** Attempts that failed for what happened to a batch before it. */
  excusedCount = 0
  firstSentAtMs: number | undefined
  /** An attempt ended so that nobody knows whether the broker acted on it. Stays true. */
  maybeStored = false
  /** Main knows what became of it. */
  reported = false
  /** Its memory is main's again. */
  freed = false
  /** Socket writes that still read the bytes. */
  #writing = 0
  /** Requests that have not ended. */
  #requests = 0
  #stamp: { identity: Identity; sequence: number } | undefined

  constructor(sealed: SealedBatch, pieces: Uint8Array[], part?: PartOf) {
    this.sealed = sealed
    this.pieces = pieces
    this.part = part
    this.sizeBytes = pieces.reduce((sum, { length }) => sum + length, 0)
    assert((this.pieces[0]?.length ?? 0) >= BATCH_HEADER_BYTES, 'the first piece of a batch has room for its header')
  }

  /** Its records follow those of the other one. */
  isAfter({ sealed, part }: OutgoingBatch): boolean {
    const ahead = this.sealed.ordinal - sealed.ordinal
    return ahead === 0 ? (this.part?.first ?? 0) > (part?.first ?? 0) : ahead > 0
  }

  /** A socket still reads the bytes: they must not change. */
  get writing(): boolean {
    return this.#writing > 0
  }

  /** A broker may still answer. */
  get inFlight(): boolean {
    return this.#requests > 0
  }

  /** Nobody on this thread needs the bytes any more. */
  get free(): boolean {
    return this.reported && this.#writing === 0 && this.#requests === 0
  }

  /** Writes the header, unless it is there as it should be. */
  stamp(identity: Identity): void {
    const { sequence } = this
    if (this.#stamp?.identity === identity && this.#stamp.sequence === sequence) return
    assert(!this.writing, 'the bytes of a batch that is being written do not change')
    this.#stamp = { identity, sequence }
    const { count, codec, baseTimestamp, maxTimestamp, transaction } = this.sealed
    const first = this.pieces[0]!
    writeBatchHeader(new DataView(first.buffer, first.byteOffset, BATCH_HEADER_BYTES), {
      sizeBytes: this.sizeBytes,
      attributes: codec | (transaction === undefined ? 0 : TRANSACTIONAL_BIT),
      lastOffsetDelta: count - 1,
      baseTimestamp,
      maxTimestamp,
      ...identity,
      baseSequence: sequence,
      count,
    })
    let crc = crc32c(first, ATTRIBUTES_AT)
    for (let i = 1; i < this.pieces.length; i++) {
      const piece = this.pieces[i]!
      crc = crc32c(piece, 0, piece.length, crc)
    }
    new DataView(first.buffer, first.byteOffset).setUint32(CRC_AT, crc)
  }

  /** A request with it was handed to a connection. */
  handedOver(nowMs: number): void {
    this.attempts++
    if (this.part !== undefined) this.part.whole.attempts++
    this.firstSentAtMs ??= nowMs
    this.#writing++
    this.#requests++
  }

  /** The transport is done with the bytes of one request. */
  written(): void {
    this.#writing--
  }

  /** One request has ended. */
  answered(): void {
    this.#requests--
  }
}
