// A batch while it is being filled, straight into the producer's memory. [main thread]
import type { MillraceError } from '../base/errors.ts'
import type { Extent, PartReport, SealedBatch } from '../control/producing.ts'
import { BATCH_HEADER_BYTES } from '../record/batch.ts'
import type { HeadersToWrite, RecordText } from '../record/record-writer.ts'
import { Deliveries } from './producer-deliveries.ts'
import { type ProducerMemory, SEGMENT_BYTES } from './producer-memory.ts'
import type { RecordStage } from './producer-stage.ts'

/** No piece is claimed larger, unless for a single record: memory left over at the end of one is lost to others. */
const PIECE_BYTES_MAX = 262_144

/** How a batch is sent, instead of how its producer sends; batches of other ways are other batches. */
export interface SendWay {
  /** -1: all. */
  readonly acks: -1 | 0 | 1
  /** As in the attributes of a batch. */
  readonly codec: number
  readonly level: number | undefined
}

/** The partition that a batch is for, as the batch sees it. */
export interface BatchQueue {
  readonly topic: string
  readonly partition: number
  /** The batch that takes records now. */
  open: ProducerBatch | undefined
  /** Of the next batch to be sealed. */
  nextOrdinal: number
  /** Batches that were sealed and not yet reported. */
  outstanding: number
  /** Memory of all its batches. */
  heldBytes: number
  /** What its next batch begins with: about what the one before needed. */
  pieceBytes: number
  /** Whether it may hold so much more. */
  mayHold(moreBytes: number): boolean
}

/** A chain of extents. A record never lies in two of them; the first one begins with room for the batch's header. */
export class ProducerBatch {
  readonly id: number
  readonly queue: BatchQueue
  readonly way: SendWay
  readonly transaction: number | undefined
  readonly deliveries = new Deliveries()
  readonly openedAtMs: number
  /** When it is sealed even if it is not full. */
  readonly lingerEndMs: number
  /** Sent by then, or never. */
  deadlineMs: number
  count = 0
  /** Uncompressed, with its header. */
  sizeBytes = BATCH_HEADER_BYTES
  baseTimestamp = 0
  maxTimestamp = 0
  sealed = false
  /** Its number in its partition, once it is sealed. */
  ordinal = -1
  /** It was told what became of it, by the I/O thread or because that came too late. */
  settled = false
  /** Called then. */
  whenSettled: (() => void)[] | undefined
  readonly #memory: ProducerMemory
  readonly #extents: Extent[] = []
  /** How much of each extent but the last is used. */
  readonly #usedBytes: number[] = []
  readonly #stage: RecordStage
  /** Where the memory for the next records ends. */
  #end = 0

  constructor(
    id: number,
    queue: BatchQueue,
    memory: ProducerMemory,
    way: SendWay,
    transaction: number | undefined,
    times: { openedAtMs: number; lingerEndMs: number; deadlineMs: number },
  ) {
    this.id = id
    this.queue = queue
    this.#memory = memory
    this.#stage = memory.takeStage()
    this.way = way
    this.transaction = transaction
    this.openedAtMs = times.openedAtMs
    this.lingerEndMs = times.lingerEndMs
    this.deadlineMs = times.deadlineMs
  }

  /** Whether a record of at most so many bytes can be written now; claims memory for it if need be. */
  hasRoom(bytesMax: number, wantBytesMax: number): boolean {
    if (this.#end - this.#stage.at >= bytesMax) return true
    const first = this.#extents.length === 0
    const min = first ? bytesMax + BATCH_HEADER_BYTES : bytesMax
    const last = this.#extents.at(-1)
    const grown = last === undefined ? this.queue.pieceBytes : 2 * last.sizeBytes
    const want = Math.max(SEGMENT_BYTES, Math.min(grown, PIECE_BYTES_MAX, wantBytesMax))
    if (!this.queue.mayHold(min)) return false
    const extent = this.#memory.claim(min, Math.max(min, this.queue.mayHold(want) ? want : min))
    if (extent === undefined) return false
    this.queue.heldBytes += extent.sizeBytes
    if (last !== undefined) this.#usedBytes.push(this.#stage.at - last.start)
    this.#extents.push(extent)
    this.#stage.moveTo(extent.start + (first ? BATCH_HEADER_BYTES : 0))
    this.#end = extent.start + extent.sizeBytes
    return true
  }

  /** Writes a record of at most so many bytes; `hasRoom` said that there is room. */
  write(
    bytesMax: number,
    key: RecordText,
    value: RecordText,
    headers: HeadersToWrite | undefined,
    timestamp: number,
  ): void {
    const { count } = this
    if (count === 0) {
      this.baseTimestamp = timestamp
      this.maxTimestamp = timestamp
    } else if (timestamp > this.maxTimestamp) this.maxTimestamp = timestamp
    const stage = this.#stage
    const { at } = stage
    stage.write(bytesMax, timestamp - this.baseTimestamp, count, key, value, headers)
    this.sizeBytes += stage.at - at
    this.count = count + 1
  }

  /** No more records. What is not used of its memory goes back. */
  seal(): void {
    this.sealed = true
    this.ordinal = this.queue.nextOrdinal++
    const { at } = this.#stage
    this.#stage.flush()
    this.#memory.giveStage(this.#stage)
    const last = this.#extents.pop()!
    const kept = this.#memory.trim(last, at - last.start)
    this.queue.heldBytes -= last.sizeBytes - kept.sizeBytes
    this.#extents.push(kept)
    this.#usedBytes.push(at - last.start)
  }

  /** As the I/O thread (or the worker that compresses) is told of it. */
  message(): SealedBatch {
    const { id, queue, ordinal, count, baseTimestamp, maxTimestamp, way, deadlineMs, transaction } = this
    const { topic, partition } = queue
    const pieces = this.#extents.map(({ start }, i) => ({ start, sizeBytes: this.#usedBytes[i]! }))
    const { acks, codec } = way
    const records = { pieces, count, baseTimestamp, maxTimestamp, codec }
    return { id, topic, partition, ordinal, ...records, acks, deadlineMs, transaction }
  }

  /** Tells whoever waits for its records. */
  delivered(baseOffset: number, logAppendTime: number): void {
    const { topic, partition } = this.queue
    this.#tell(() => this.deliveries.delivered(topic, partition, baseOffset, logAppendTime))
  }

  /** Tells whoever waits for its records; returns how many records nobody waits for. */
  failed(error: MillraceError): number {
    const { topic, partition } = this.queue
    this.#tell(() => this.deliveries.failed(topic, partition, error))
    return this.count - this.deliveries.heardCount
  }

  /** As `failed`, of a batch that went in parts. */
  inParts(parts: readonly PartReport[]): number {
    const { topic, partition } = this.queue
    this.#tell(() => this.deliveries.inParts(topic, partition, parts))
    return failedIn(parts) - this.deliveries.heardFailures(parts)
  }

  #tell(tell: () => void): void {
    tell()
    for (const called of this.whenSettled ?? []) called()
  }

  /** Nobody reads its memory any more. */
  free(): void {
    for (const extent of this.#extents.splice(0)) {
      this.queue.heldBytes -= extent.sizeBytes
      this.#memory.free(extent)
    }
  }
}

/** So many of the records of these parts failed. */
export function failedIn(parts: readonly PartReport[]): number {
  return parts.reduce((sum, { count, error }) => (error === undefined ? sum : sum + count), 0)
}
