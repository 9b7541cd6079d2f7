// The fetch loop of one reader at one broker: one session, one request in flight, credit before each. [I/O thread]
import type { Clock, Timer } from '../base/clock.ts'
import { Disconnected, type MillraceError } from '../base/errors.ts'
import type { ReaderSettings } from '../control/commands.ts'
import { brokerError, ErrorCode } from '../protocol/errors.ts'
import { SEGMENT_BYTES } from '../ring/layout.ts'
import type { Memory } from '../ring/memory.ts'
import type { SpillDesk } from '../ring/spill.ts'
import type { Channel } from './channel.ts'
import type { Connection } from './connection.ts'
import type { Cursor } from './cursor.ts'
import type { Feed } from './feed.ts'
import { FetchAnswer, type FetchOutcome } from './fetch-answer.ts'
import { fetchBody } from './fetch-body.ts'
import { type FetchItem, FetchSession } from './fetch-session.ts'

/** What a source needs of its reader. */
export interface SourceHost {
  readonly id: number
  readonly settings: ReaderSettings
  readonly memory: Memory
  readonly spills: SpillDesk
  readonly clock: Clock
  readonly feed: Feed
  readonly requestTimeoutMs: number
  readonly defaultApiTimeoutMs: number
  readonly retryBackoffMs: number
  /** Bytes reserved by requests in flight at all brokers. */
  reservedBytes: number
  /** Cursors that are fetched from this broker. */
  cursorsAt(broker: number): Iterable<Cursor>
  /** How many brokers there is something to fetch from. */
  readonly brokersInUse: number
  /** What came of each partition of a response. */
  settle(outcome: FetchOutcome, broker: number): void
  /** No answer is under way any more. */
  settled(): void
  /** Memory was given back on this thread, where no release rings: whoever waits for room is asked. */
  roomMade(): void
  /** The broker could not be reached, or not understood: its cursors look for their leaders again. */
  lost(broker: number, error: MillraceError, final: boolean): void
}

/** Room for the parts of a response that are not records. */
const OVERHEAD_BYTES = 4_096
const PARTITION_OVERHEAD_BYTES = 128
/** A partition that is left out for want of credit must not wait behind an idle fetch, which cannot be cancelled. */
const SHORT_WAIT_MS = 10
/** How long a reader without room waits for releases before it asks for the partitions of which it holds nothing. */
const PATIENCE_MS = 50
/** The last version that names topics instead of ids. */
const LAST_VERSION_WITH_NAMES = 12

/** Pumps fetches; every change that may allow one (assignment, room, answer, connection) calls `pump`. */
export class Source {
  readonly broker: number
  readonly channel: Channel
  readonly #host: SourceHost
  readonly #session = new FetchSession()
  #answer: FetchAnswer | undefined
  #connecting = false
  #closed = false
  #retry: Timer | undefined
  #shortSinceMs: number | undefined
  #patience: Timer | undefined
  #failures = 0
  /** Since when the broker owes an answer; undefined while all is well, so that a pause does not count as silence. */
  #silentSinceMs: number | undefined

  constructor(broker: number, channel: Channel, host: SourceHost) {
    this.broker = broker
    this.channel = channel
    this.#host = host
  }

  /** A request is under way: its answer may still be written to the arena. */
  get inFlight(): boolean {
    return this.#answer !== undefined
  }

  /** Sends the next fetch if it is time; goes on with an answer that waited for room. */
  pump(): void {
    if (this.#answer !== undefined) {
      this.#answer.resume()
      return
    }
    if (this.#closed || this.#connecting || this.#retry !== undefined) return
    const connection = this.channel.current
    if (connection === undefined) this.#connect()
    else this.#send(connection)
  }

  /** No further fetch. What is in flight ends with its connection, what only waits for room ends now. */
  close(): void {
    this.#closed = true
    this.#retry?.cancel()
    this.#patience?.cancel()
    this.#answer?.drop()
  }

  #connect(): void {
    if (this.#ready().length === 0) return
    this.#connecting = true
    this.#silentSinceMs ??= this.#host.clock.now()
    this.channel.connection().then(
      () => {
        this.#connecting = false
        if (this.#failures === 0) this.#silentSinceMs = undefined
        this.#session.forget()
        this.pump()
      },
      (error: MillraceError) => {
        this.#connecting = false
        if (!this.#closed) this.#lost(error)
      },
    )
  }

  #send(connection: Connection): void {
    const chosen = this.#choose()
    if (chosen === undefined) return
    const host = this.#host
    const { items, cursors, maxBytes, maxWaitMs } = chosen
    const version = this.#versionFor(cursors, connection)
    if (version === undefined) return
    const byId = version > LAST_VERSION_WITH_NAMES
    const wanted = byId ? items : items.map((item) => ({ ...item, topicId: undefined }))
    const request = this.#session.request(wanted, version >= 7)
    this.#silentSinceMs ??= host.clock.now()
    const reserved = maxBytes + this.#overhead(cursors.length)
    host.reservedBytes += reserved
    const answer = new FetchAnswer({
      reader: host.id,
      broker: this.broker,
      brokerName: connection.broker,
      version,
      cursors,
      memory: host.memory,
      spills: host.spills,
      feed: host.feed,
      clock: host.clock,
      settings: host.settings,
      reservedBytes: reserved,
      unreserve: () => {
        host.reservedBytes -= reserved
      },
      resumeBody: () => connection.resumeBody(),
      refuse: (error) => connection.close(error),
      done: (outcome) => this.#done(outcome, connection),
      failed: (error) => this.#failed(error),
    })
    this.#answer = answer
    try {
      const body = fetchBody(request, host.settings, maxBytes, maxWaitMs)
      connection.send('Fetch', body, answer, { version, timeoutMs: host.requestTimeoutMs + maxWaitMs })
    } catch (error) {
      answer.end(error as MillraceError)
    }
  }

  /** The highest version both know; below topic ids while metadata gave none. */
  #versionFor(cursors: Cursor[], connection: Connection): number | undefined {
    const maxVersion = cursors.every(({ topicId }) => topicId !== undefined) ? undefined : LAST_VERSION_WITH_NAMES
    try {
      return connection.versionOf('Fetch', { maxVersion })
    } catch (error) {
      this.#host.lost(this.broker, error as MillraceError, true)
      return undefined
    }
  }

  /** Which partitions to ask for, and how much; undefined when there is nothing to ask for or no room for it. */
  #choose(): { items: FetchItem[]; cursors: Cursor[]; maxBytes: number; maxWaitMs: number } | undefined {
    const { memory, id, settings } = this.#host
    const ready = this.#ready()
    if (ready.length === 0) return undefined
    // A fetch that finds nothing reserves its room for `fetchMaxWaitMs`: no broker takes the room of the others.
    const mostBytes = Math.min(
      settings.fetchMaxBytes,
      Math.floor(memory.shareBytes(memory.fetch) / this.#host.brokersInUse),
    )
    let free = this.#freeBytes(ready.length)
    // Tiny fetches would follow each little release; with a quarter of a fetch free they are worth their while.
    const enough = mostBytes / 4
    const short = () => free < enough && memory.usedBytes(memory.fetch, id) > 0
    if (short()) {
      memory.wantRoomFor(id)
      free = this.#freeBytes(ready.length)
    }
    const eligible = short() ? this.#starving(ready, free) : ready
    if (!short()) this.#shortSinceMs = undefined
    // A partition may hold twice what is still free: one that is never released leaves a third of the share to the
    // others, two leave a fifth, and so on (dynamic thresholds, Choudhury and Hahne 1998). None can starve all.
    const within = () => eligible.filter((cursor) => this.#isWithin(cursor, free, ready.length))
    let cursors = within()
    if (cursors.length < ready.length) {
      memory.wantRoomFor(id)
      free = this.#freeBytes(ready.length)
      cursors = within()
    }
    if (cursors.length === 0) return undefined
    const maxBytes = Math.max(SEGMENT_BYTES, Math.min(mostBytes, free))
    const items = cursors.map((cursor) => ({
      topic: cursor.topic,
      topicId: cursor.topicId,
      partition: cursor.partition,
      position: cursor.position,
      leaderEpoch: cursor.leaderEpoch,
      maxBytes: Math.min(settings.maxPartitionFetchBytes, maxBytes, this.#fairBytes(cursor, free, ready.length)),
    }))
    const leftOut = cursors.length < ready.length
    const waitMs = this.#shortSinceMs === undefined ? SHORT_WAIT_MS : PATIENCE_MS
    const maxWaitMs = leftOut ? Math.min(waitMs, settings.fetchMaxWaitMs) : settings.fetchMaxWaitMs
    return { items, cursors, maxBytes, maxWaitMs }
  }

  /**
   * Who is asked although there is little room: nobody at first, as it comes back when batches are released. When it
   * does not, then those partitions of which nothing is held, so that one that holds it all does not stop the others.
   */
  #starving(ready: Cursor[], free: number): Cursor[] {
    const { memory, clock } = this.#host
    this.#shortSinceMs ??= clock.now()
    const leftMs = this.#shortSinceMs + PATIENCE_MS - clock.now()
    if (leftMs <= 0) return free < 0 ? [] : ready.filter(({ slot }) => memory.slotRaw(slot) === 0)
    this.#patience ??= clock.after(leftMs, () => {
      this.#patience = undefined
      this.pump()
    })
    return []
  }

  /** A broker sends one batch whole, so the next one, which may be as large as the last, must be within as well. */
  #isWithin(cursor: Cursor, free: number, partitions: number): boolean {
    const held = this.#host.memory.slotRaw(cursor.slot)
    if (held === 0) return true
    return held <= 2 * Math.max(0, free) && cursor.batchBytes <= this.#fairBytes(cursor, free, partitions)
  }

  /** So much of one partition that it holds no more than twice what is free then; a larger batch comes all the same. */
  #fairBytes({ slot }: Cursor, free: number, partitions: number): number {
    if (partitions === 1) return Number.POSITIVE_INFINITY
    return Math.max(SEGMENT_BYTES, Math.floor((2 * free - this.#host.memory.slotRaw(slot)) / 3))
  }

  #ready(): Cursor[] {
    const ready = [...this.#host.cursorsAt(this.broker)].filter((cursor) => !cursor.finished)
    if (ready.length === 0) this.#silentSinceMs = undefined
    return ready
  }

  #freeBytes(partitions: number): number {
    const { memory, id, reservedBytes } = this.#host
    return memory.freeBytes(memory.fetch, id) - reservedBytes - this.#overhead(partitions)
  }

  #overhead(partitions: number): number {
    return OVERHEAD_BYTES + partitions * PARTITION_OVERHEAD_BYTES
  }

  #done(outcome: FetchOutcome, connection: Connection): void {
    this.#answer = undefined
    connection.throttle(outcome.throttleMs, 'Fetch')
    if (outcome.errorCode === 0) {
      this.#silentSinceMs = undefined
      this.#session.answered(outcome.sessionId)
      this.#failures = 0
    } else if (!this.#sessionError(outcome.errorCode)) {
      const error = brokerError(outcome.errorCode, { what: 'Fetch', broker: connection.broker })
      this.#session.reset()
      this.#lost(error)
      this.#host.settled()
      this.#host.roomMade()
      return
    }
    this.#host.settle(outcome, this.broker)
    this.#host.settled()
    this.#host.roomMade()
    this.pump()
  }

  /** Session errors (KIP-227, KIP-516): the next request is full. True if it was one. */
  #sessionError(code: number): boolean {
    if (code === ErrorCode.INVALID_FETCH_SESSION_EPOCH) this.#session.reset()
    else if (code === ErrorCode.FETCH_SESSION_ID_NOT_FOUND || code === ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR) {
      this.#session.forget()
    } else return false
    // A broker that refuses full requests as well must not be asked in a hot loop.
    if (++this.#failures > 1) this.#wait()
    return true
  }

  #failed(error: MillraceError): void {
    this.#answer = undefined
    this.#session.forget()
    if (!this.#closed) this.#lost(error)
    this.#host.settled()
    this.#host.roomMade()
  }

  /** Lost connections are retried until the broker was silent for `defaultApiTimeoutMs`; nonsense ends it at once. */
  #lost(error: MillraceError): void {
    const { clock, defaultApiTimeoutMs } = this.#host
    const silentMs = clock.now() - (this.#silentSinceMs ?? clock.now())
    this.#failures++
    const final = !error.retriable || silentMs >= defaultApiTimeoutMs
    this.#wait()
    this.#host.lost(this.broker, final && error.retriable ? gaveUp(error, silentMs) : error, final)
  }

  #wait(): void {
    const { clock, retryBackoffMs } = this.#host
    this.#retry?.cancel()
    this.#retry = clock.after(retryBackoffMs, () => {
      this.#retry = undefined
      this.pump()
    })
  }
}

function gaveUp(cause: MillraceError, silentMs: number): MillraceError {
  const message = `${cause.broker ?? 'The broker'} has not answered for ${Math.round(silentMs)} ms: ${cause.message}`
  return new Disconnected('BROKER_SILENT', message, { broker: cause.broker, cause })
}
