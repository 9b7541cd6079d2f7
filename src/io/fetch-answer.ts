// One Fetch response on its way in: lands in the arena, is walked as it comes, and feeds its batches on. [I/O thread]
import { CorruptRecord, type MillraceError } from '../base/errors.ts'
import type { ReaderSettings } from '../control/commands.ts'
import { AbortedTransactions } from '../record/aborted.ts'
import { BATCH_HEADER_BYTES } from '../record/batch.ts'
import { faultError } from '../record/faults.ts'
import type { Memory } from '../ring/memory.ts'
import type { SpillDesk } from '../ring/spill.ts'
import type { BodySink } from './body-sink.ts'
import type { Cursor } from './cursor.ts'
import { BadBatch, type Feed, type FeedContext } from './feed.ts'
import type { FetchReader } from './fetch-reader.ts'
import { type FetchVisitor, FetchWalk, type PartitionHead, type PartitionTail } from './fetch-walk.ts'
import { Landing } from './landing.ts'

/** What one partition of a response came to. */
export interface PartitionOutcome {
  cursor: Cursor
  /** The cursor's generation when the request was sent. */
  generation: number
  head: PartitionHead
  tail: PartitionTail
  /** Its records cannot be read on. */
  error: MillraceError | undefined
}

/** What a response came to, its records apart. */
export interface FetchOutcome {
  throttleMs: number
  errorCode: number
  sessionId: number
  partitions: PartitionOutcome[]
  endpoints: { id: number; host: string; port: number }[]
}

/** What an answer is made with. */
export interface FetchAnswerPlan {
  reader: number
  broker: number
  brokerName: string
  version: number
  /** The partitions of the session, not only those that the request names. */
  cursors: Cursor[]
  memory: Memory
  spills: SpillDesk
  feed: Feed
  settings: ReaderSettings
  /** Gives the reservation back: the response has claimed its real size, or failed. */
  unreserve(): void
  resumeBody(): void
  done(outcome: FetchOutcome): void
  failed(error: MillraceError): void
}

/** Settles once, by `done` or `failed`, when nothing writes to its memory any more and all its batches are on their way. */
export class FetchAnswer implements BodySink, FetchVisitor {
  readonly #plan: FetchAnswerPlan
  readonly #cursors = new Map<string, { cursor: Cursor; generation: number }>()
  readonly #outcome: FetchOutcome = { throttleMs: 0, errorCode: 0, sessionId: 0, partitions: [], endpoints: [] }
  #landing: Landing | undefined
  #walk: FetchWalk | undefined
  #waitsForRoom = false
  #reserved = true
  #arrived = false
  #settled = false
  #current: PartitionOutcome | undefined
  #context: FeedContext | undefined
  #startPosition = 0

  constructor(plan: FetchAnswerPlan) {
    this.#plan = plan
    const byId = plan.version >= 13
    for (const cursor of plan.cursors) {
      const key = `${byId ? cursor.topicId : cursor.topic}/${cursor.partition}`
      this.#cursors.set(key, { cursor, generation: cursor.generation })
    }
  }

  // --- the body, as the connection delivers it -------------------------------------------------------------------

  begin(sizeBytes: number): boolean {
    const { memory, spills, reader, version } = this.#plan
    this.#unreserve()
    this.#landing = Landing.claim(memory, spills, reader, sizeBytes)
    if (this.#landing === undefined) {
      this.#waitsForRoom = true
      memory.wantRoom(0)
      this.#landing = Landing.claim(memory, spills, reader, sizeBytes)
      if (this.#landing === undefined) return false
    }
    this.#waitsForRoom = false
    this.#walk = new FetchWalk(this.#landing, version, this)
    return true
  }

  buffer(): Uint8Array {
    return this.#landing!.buffer()
  }

  received(count: number): void {
    this.#landing!.received(count)
    this.#walk!.advance()
    this.#plan.feed.flush()
  }

  end(error: MillraceError | undefined): void {
    this.#unreserve()
    if (error !== undefined) return this.#fail(error)
    this.#arrived = true
    this.#advance()
  }

  /** There may be room now. */
  resume(): void {
    if (this.#waitsForRoom) this.#plan.resumeBody()
    else if (this.#walk !== undefined && !this.#walk.done) this.#advance()
  }

  // --- the response, as the walk reads it ------------------------------------------------------------------------

  top(throttleMs: number, errorCode: number, sessionId: number): void {
    Object.assign(this.#outcome, { throttleMs, errorCode, sessionId })
  }

  partition(topic: string, head: PartitionHead): boolean {
    const { reader, broker, settings } = this.#plan
    this.#current = undefined
    this.#context = undefined
    const known = this.#cursors.get(`${topic}/${head.partition}`)
    // Not asked for, or sought since: its records belong to nobody.
    if (known === undefined || known.generation !== known.cursor.generation) return false
    const { cursor } = known
    this.#current = { ...known, head, tail: { divergingEpoch: undefined, leader: undefined }, error: undefined }
    if (head.errorCode !== 0) return false
    cursor.aborted = new AbortedTransactions(settings.isolationLevel === 'read_committed' ? head.aborted : null)
    this.#startPosition = cursor.position
    this.#context = {
      cursor,
      landing: this.#landing!,
      reader,
      broker,
      highWatermark: head.highWatermark,
      checkCrcs: settings.checkCrcs,
    }
    return true
  }

  records(reader: FetchReader, end: number): void {
    const context = this.#context!
    const first = reader.at
    try {
      this.#plan.feed.records(reader, end, context)
    } catch (error) {
      if (!(error instanceof BadBatch)) throw error
      this.#current!.error = faultError(error.fault, this.#where())
      return
    }
    const { cursor } = context
    const stuck = end - first >= BATCH_HEADER_BYTES && reader.at > first && cursor.position === this.#startPosition
    if (stuck && !cursor.finished) {
      const text = `${this.#plan.brokerName} sent records of ${cursor.topic}[${cursor.partition}] that all lie before offset`
      this.#current!.error = new CorruptRecord(
        'NO_PROGRESS',
        `${text} ${cursor.position}, which was asked for.`,
        this.#where(),
      )
    }
  }

  partitionEnd(tail: PartitionTail): void {
    if (this.#current === undefined) return
    this.#current.tail = tail
    const { head, error } = this.#current
    const noteworthy = head.errorCode !== 0 || error !== undefined || tail.divergingEpoch !== undefined
    if (noteworthy) this.#outcome.partitions.push(this.#current)
  }

  endpoints(list: FetchOutcome['endpoints']): void {
    this.#outcome.endpoints = list
  }

  #where() {
    const { cursor } = this.#context!
    const { topic, partition, position } = cursor
    return { topic, partition, offset: position, broker: this.#plan.brokerName }
  }

  #advance(): void {
    try {
      this.#walk!.advance()
    } catch (error) {
      this.#fail(error as MillraceError)
      return
    }
    this.#plan.feed.flush()
    if (!this.#arrived || !this.#walk!.done) return
    this.#settle()
    this.#plan.done(this.#outcome)
  }

  #fail(error: MillraceError): void {
    if (this.#settled) return
    this.#settle()
    this.#plan.feed.flush()
    this.#plan.failed(error)
  }

  #settle(): void {
    this.#settled = true
    this.#landing?.release()
    this.#landing = undefined
  }

  #unreserve(): void {
    if (this.#reserved) this.#plan.unreserve()
    this.#reserved = false
  }
}
