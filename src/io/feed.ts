// Cuts a partition's record set into batches and sends each to its worker, with the verdict. [I/O thread]
import { type Clock, microseconds } from '../base/clock.ts'
import type { AbortedTransactions } from '../record/aborted.ts'
import {
  BATCH_HEADER_BYTES,
  BATCH_LENGTH_MIN,
  BATCH_PREFIX_BYTES,
  type BatchHeader,
  MAGIC,
  readBatchHeader,
} from '../record/batch.ts'
import { Fault } from '../record/faults.ts'
import { Field, Kind, putLong } from '../ring/descriptor.ts'
import type { Memory } from '../ring/memory.ts'
import type { SpillDesk } from '../ring/spill.ts'
import type { Cursor } from './cursor.ts'
import { type FetchReader, INCOMPLETE } from './fetch-reader.ts'
import type { Block, Landing } from './landing.ts'
import type { Outlet } from './outlet.ts'

/** What all batches of one record set share. */
export interface FeedContext {
  cursor: Cursor
  /** The cursor's when it was asked for: what is left of the records after a seek belongs to nobody. */
  turn: number
  aborted: AbortedTransactions
  landing: Landing
  reader: number
  broker: number
  highWatermark: number
  checkCrcs: boolean
  /** From the request to the first byte of the answer. */
  fetchUs: number
}

/** A record set cannot be read on: the fault of its batch at `offset`. */
export class BadBatch extends Error {
  readonly fault: number
  constructor(fault: number) {
    super('bad batch')
    this.fault = fault
  }
}

/** Feeds batches to the workers. Aborted and control batches are decided here, in offset order (hazard 6). */
export class Feed {
  readonly #memory: Memory
  readonly #outlet: Outlet
  readonly #spills: SpillDesk
  readonly #clock: Clock

  constructor(memory: Memory, outlet: Outlet, spills: SpillDesk, clock: Clock) {
    this.#memory = memory
    this.#outlet = outlet
    this.#spills = spills
    this.#clock = clock
  }

  /**
   * Sends the batches from the reader's position up to `end`. Throws INCOMPLETE, with the position at the next batch,
   * when its bytes are not there yet or when there is no room for it; BadBatch when it makes no sense.
   */
  records(reader: FetchReader, end: number, context: FeedContext): void {
    const { cursor, turn } = context
    while (end - reader.at >= BATCH_HEADER_BYTES && !cursor.finished && cursor.turn === turn) {
      const view = reader.peek(BATCH_HEADER_BYTES)
      const header = readBatchHeader(view, reader.offset)
      if (header.magic !== MAGIC) throw new BadBatch(Fault.UNSUPPORTED_MAGIC)
      if (header.sizeBytes < BATCH_LENGTH_MIN + BATCH_PREFIX_BYTES) throw new BadBatch(Fault.BATCH_TOO_SMALL)
      // A broker cuts its answer at a number of bytes: the last batch may be there in part.
      if (header.sizeBytes > end - reader.at) return
      if (header.lastOffsetDelta < 0) throw new BadBatch(Fault.LAST_OFFSET_DELTA)
      const next = header.baseOffset + header.lastOffsetDelta + 1
      if (header.baseOffset < 0 || !Number.isSafeInteger(next)) throw new BadBatch(Fault.OFFSET_OUT_OF_RANGE)
      reader.require(header.sizeBytes)
      if (next > cursor.position) this.#send(reader.at, header, next, context)
      reader.at += header.sizeBytes
      context.landing.passed(reader.at)
    }
  }

  /** Says that the position moved with no bytes to show for it. */
  moveTo(position: number, cursor: Cursor, reader: number, broker: number): void {
    this.#outlet.send(reader, cursor.slot, (words, at) => {
      words.fill(0, at, at + Field.checkCrcs + 1)
      words[at + Field.slot] = cursor.slot
      words[at + Field.generation] = cursor.generation
      words[at + Field.reader] = reader
      words[at + Field.kind] = Kind.position
      words[at + Field.broker] = broker
      putLong(words, at + Field.baseOffset, position)
    })
  }

  /** Rings the workers that have something new. */
  flush(): void {
    this.#outlet.flush()
  }

  #send(position: number, header: BatchHeader, next: number, context: FeedContext): void {
    const { cursor, landing, aborted } = context
    let block = landing.lease(position, header.sizeBytes, this.#spills)
    if (block === undefined) {
      // Asked for before the last try, so that a release in between is not missed.
      this.#memory.wantRoom(0)
      block = landing.lease(position, header.sizeBytes, this.#spills)
      if (block === undefined) throw INCOMPLETE
    }
    const home = this.#memory.home(block.home)
    const kind = aborted.verdict(header, home.bytes, block.start) === 'deliver' ? Kind.data : Kind.skip
    this.#memory.addRaw(cursor.slot, header.sizeBytes)
    const arrived = microseconds(this.#clock)
    this.#outlet.send(context.reader, cursor.slot, (words, at) => {
      describe(words, at, context, header, block)
      words[at + Field.kind] = kind
      words[at + Field.arrived] = arrived
    })
    cursor.position = next
    cursor.lastEpoch = header.leaderEpoch
    cursor.batchBytes = header.sizeBytes
  }
}

function describe(words: Int32Array, at: number, context: FeedContext, header: BatchHeader, block: Block): void {
  const { cursor } = context
  words.fill(0, at, at + Field.checkCrcs + 1)
  words[at + Field.slot] = cursor.slot
  words[at + Field.generation] = cursor.generation
  words[at + Field.reader] = context.reader
  words[at + Field.bytesHome] = block.home
  words[at + Field.bytesStart] = block.start
  words[at + Field.bytesSize] = header.sizeBytes
  words[at + Field.count] = header.count
  putLong(words, at + Field.baseOffset, header.baseOffset)
  words[at + Field.nextDelta] = header.lastOffsetDelta + 1
  words[at + Field.attributes] = header.attributes
  putLong(words, at + Field.baseTimestamp, header.baseTimestamp)
  putLong(words, at + Field.maxTimestamp, header.maxTimestamp)
  words[at + Field.leaderEpoch] = header.leaderEpoch
  putLong(words, at + Field.highWatermark, context.highWatermark)
  words[at + Field.broker] = context.broker
  words[at + Field.fetchUs] = context.fetchUs
  words[at + Field.checkCrcs] = context.checkCrcs ? 1 : 0
}
