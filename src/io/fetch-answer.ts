// One Fetch response on its way in: lands in the arena, is walked as it comes, and feeds its batches on. [I/O thread]
import type { Clock } from '../base/clock.ts'
import { Closed, CorruptRecord, type MillraceError } from '../base/errors.ts'
import type { ReaderSettings } from '../control/commands.ts'
import { AbortedTransactions } from '../record/aborted.ts'
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
  /** The cursor's when the request was sent. */
  turn: number
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
  clock: Clock
  settings: ReaderSettings
  /** The most that it was expected to need. */
  reservedBytes: number
  /** Gives the reservation back: the response has claimed its real size, or failed. */
  unreserve(): void
  resumeBody(): void
  /** Closes the connection: the answer that it is receiving is nonsense. */
  refuse(error: MillraceError): void
  done(outcome: FetchOutcome): void
  failed(error: MillraceError): void
}

/** Settles once, by `done` or `failed`: when nothing writes to its memory any more and its batches are on their way. */
export class FetchAnswer implements BodySink, FetchVisitor {
  readonly #plan: FetchAnswerPlan
  readonly #cursors = new Map<string, { cursor: Cursor; turn: number }>()
  readonly #outcome: FetchOutcome = { throttleMs: 0, errorCode: 0, sessionId: 0, partitions: [], endpoints: [] }
  #landing: Landing | undefined
  #walk: FetchWalk | undefined
  #waitsForRoom = false
  #reserved = true
  #arrived = false
  #settled = false
  #refused: MillraceError | undefined
  #current: PartitionOutcome | undefined
  #context: FeedContext | undefined
  #startPosition = 0
  readonly #askedMs: number
  #fetchUs = 0

  constructor(plan: FetchAnswerPlan) {
    this.#plan = plan
    this.#askedMs = plan.clock.now()
    const byId = plan.version >= 13
    for (const cursor of plan.cursors) {
      const key = `${byId ? cursor.topicId : cursor.topic}/${cursor.partition}`
      this.#cursors.set(key, { cursor, turn: cursor.turn })
    }
  }

  // --- the body, as the connection delivers it -------------------------------------------------------------------

  begin(sizeBytes: number): boolean {
    const { memory, spills, reader, version, reservedBytes } = this.#plan
    this.#unreserve()
    this.#fetchUs ||= (this.#plan.clock.now() - this.#askedMs) * 1000
    this.#landing = Landing.claim(memory, spills, reader, sizeBytes, reservedBytes)
    if (this.#landing === undefined) {
      this.#waitsForRoom = true
      memory.wantRoom(0)
      this.#landing = Landing.claim(memory, spills, reader, sizeBytes, reservedBytes)
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
    if (error !== undefined) return this.#fail(this.#refused ?? error)
    this.#arrived = true
    this.#advance()
  }

  /** There may be room now. */
  resume(): void {
    if (this.#refused !== undefined) return
    if (this.#waitsForRoom) this.#plan.resumeBody()
    else if (this.#walk !== undefined && !this.#walk.done) this.#advance()
  }

  /** Nobody wants it any more. One that still arrives ends with its connection. */
  drop(): void {
    if (this.#arrived) this.#fail(new Closed('CLOSED', 'The reader was closed.'))
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
    // Not asked for, or sought since, or fetched from another leader by now: its records belong to nobody.
    if (known === undefined || known.turn !== known.cursor.turn) return false
    const { cursor } = known
    this.#current = { ...known, head, tail: { divergingEpoch: undefined, leader: undefined }, error: undefined }
    if (head.errorCode !== 0) return false
    this.#plan.memory.setLogEnds(cursor.slot, head.logStartOffset, head.highWatermark)
    this.#startPosition = cursor.position
    this.#context = {
      cursor,
      turn: known.turn,
      aborted: new AbortedTransactions(settings.isolationLevel === 'read_committed' ? head.aborted : null),
      landing: this.#landing!,
      reader,
      broker,
      highWatermark: head.highWatermark,
      checkCrcs: settings.checkCrcs,
      fetchUs: this.#fetchUs,
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
    const { cursor, turn } = context
    const stuck = end > first && cursor.position === this.#startPosition && cursor.turn === turn
    if (stuck && !cursor.finished) this.#current!.error = this.#noProgress(reader.at > first)
  }

  /** Asking again would give the same for ever. */
  #noProgress(whole: boolean): CorruptRecord {
    const { topic, partition, position } = this.#context!.cursor
    // Since Fetch v3 a broker sends at least one whole batch, however large, or nothing (KIP-74).
    const why = whole ? 'that all lie before it' : 'without one whole batch'
    const text = `Asked for offset ${position} of ${topic}[${partition}], ${this.#plan.brokerName} sent records ${why}.`
    return new CorruptRecord('NO_PROGRESS', text, this.#where())
  }

  partitionEnd(tail: PartitionTail): void {
    if (this.#current === undefined) return
    this.#current.tail = tail
    const { head, error } = this.#current
    const failed = head.errorCode !== 0 || error !== undefined
    const noteworthy = failed || tail.divergingEpoch !== undefined || head.preferredReadReplica >= 0
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
      this.#refuse(error as MillraceError)
      return
    }
    this.#plan.feed.flush()
    if (!this.#arrived || !this.#walk!.done) return
    this.#settle()
    this.#plan.done(this.#outcome)
  }

  /** The socket may be writing to the landing right now: it is given back when the connection says that it is over. */
  #refuse(error: MillraceError): void {
    if (this.#arrived) return this.#fail(error)
    this.#refused = error
    this.#plan.refuse(error)
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
