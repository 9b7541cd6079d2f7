// Fetch sessions of one node (KIP-227): a client names what changed, the broker answers what changed. [broker]
import type { Random } from '../base/random.ts'
import { ZERO_UUID } from '../bytes/reader.ts'
import { ErrorCode } from '../protocol/errors.ts'

/** As `max.incremental.fetch.session.cache.slots`: beyond it fetches are answered without a session. */
export const SESSIONS_MAX = 1000
/** As `min.incremental.fetch.session.eviction.ms`: only a session idle for so long makes room for another. */
export const EVICTION_MS = 120_000

/** The request's session epoch that asks for a full fetch and a new session. */
const INITIAL_EPOCH = 0
/** The one that asks for a full fetch and no session. */
const FINAL_EPOCH = -1

/** One partition as a client wants it fetched; a topic is known by name, or from v13 on by id. */
export interface WantedPartition {
  topic: string
  topicId: string
  partition: number
  currentLeaderEpoch: number
  fetchOffset: number
  lastFetchedEpoch: number
  partitionMaxBytes: number
}

/** A wanted partition with what the client was last told about it; -1 makes the broker tell it again. */
export interface SessionPartition extends WantedPartition {
  toldHighWatermark: number
  toldLogStartOffset: number
}

/** The fields of a Fetch request that matter to sessions. */
export interface SessionRequest {
  sessionId: number
  sessionEpoch: number
  topics: readonly {
    topic: string
    topicId: string
    partitions: readonly Omit<WantedPartition, 'topic' | 'topicId'>[]
  }[]
  forgottenTopicsData: readonly { topic: string; topicId: string; partitions: readonly number[] }[]
}

/** What an answer says of a partition, as far as it decides whether the client must hear it. */
export interface Told {
  errorCode: number
  highWatermark: number
  logStartOffset: number
  recordsBytes: number
  /** Something else to tell: a diverging epoch, a preferred replica. */
  notable: boolean
}

/** One fetch: which partitions to read, and how its outcome goes into the session. */
export interface FetchContext {
  readonly kind: 'sessionless' | 'full' | 'incremental'
  readonly partitions: readonly SessionPartition[]
  /** Settles the session; `selected` are the indexes of the partitions that the answer must name. */
  settle(told: readonly Told[], now: number): { sessionId: number; errorCode: number; selected: number[] }
}

interface Session {
  readonly id: number
  readonly usesTopicIds: boolean
  /** The epoch that the next request must carry. */
  epoch: number
  lastUsed: number
  partitions: Map<string, SessionPartition>
}

/** The sessions, by their order of use. */
export class SessionCache {
  readonly #random: Random
  readonly #sessions = new Map<number, Session>()

  constructor(random: Random) {
    this.#random = random
  }

  get size(): number {
    return this.#sessions.size
  }

  /** What the session of this id would fetch, for tests. */
  partitionsOf(sessionId: number): SessionPartition[] | undefined {
    const session = this.#sessions.get(sessionId)
    return session && [...session.partitions.values()]
  }

  /** Drops all sessions, as a restart of the broker does. */
  clear(): void {
    this.#sessions.clear()
  }

  /** Finds out what a request fetches, or the error code that its session deserves. */
  open(request: SessionRequest, usesTopicIds: boolean, now: number): FetchContext | number {
    const { sessionId, sessionEpoch } = request
    if (sessionEpoch === INITIAL_EPOCH || sessionEpoch === FINAL_EPOCH) {
      // A full fetch that still names a session closes it.
      this.#sessions.delete(sessionId)
      // As in Kafka a partition named twice is fetched once, as it was named last.
      const byKey = new Map(Array.from(wanted(request), (partition) => [keyOf(partition), asNew(partition)]))
      const partitions = [...byKey.values()]
      return sessionEpoch === FINAL_EPOCH ? sessionless(partitions) : this.#full(partitions, usesTopicIds)
    }
    const session = this.#sessions.get(sessionId)
    if (session === undefined) return ErrorCode.FETCH_SESSION_ID_NOT_FOUND
    if (session.usesTopicIds !== usesTopicIds) return ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR
    if (session.epoch !== sessionEpoch) return ErrorCode.INVALID_FETCH_SESSION_EPOCH
    this.#update(session, request)
    if (session.partitions.size === 0) {
      this.#sessions.delete(session.id)
      return sessionless([])
    }
    session.epoch = epochAfter(sessionEpoch)
    this.#touch(session, now)
    return incremental(session)
  }

  #full(partitions: SessionPartition[], usesTopicIds: boolean): FetchContext {
    return {
      kind: 'full',
      partitions,
      settle: (told, now) => {
        for (const [i, partition] of partitions.entries()) remember(partition, told[i]!)
        const sessionId = this.#create(partitions, usesTopicIds, now)
        return { sessionId, errorCode: ErrorCode.NONE, selected: partitions.map((_, i) => i) }
      },
    }
  }

  /** Returns the id of a new session, or 0 when there is no room for one. */
  #create(partitions: SessionPartition[], usesTopicIds: boolean, now: number): number {
    if (this.#sessions.size >= SESSIONS_MAX) {
      const oldest = this.#sessions.values().next().value!
      if (now - oldest.lastUsed < EVICTION_MS) return 0
      this.#sessions.delete(oldest.id)
    }
    let id = 0
    while (id === 0 || this.#sessions.has(id)) id = 1 + Math.floor(this.#random.next() * 0x7ffffffe)
    const byKey = new Map(partitions.map((partition) => [keyOf(partition), partition]))
    this.#sessions.set(id, { id, usesTopicIds, epoch: 1, lastUsed: now, partitions: byKey })
    return id
  }

  #update(session: Session, request: SessionRequest): void {
    for (const partition of wanted(request)) {
      const key = keyOf(partition)
      const known = session.partitions.get(key)
      if (known === undefined) session.partitions.set(key, asNew(partition))
      else Object.assign(known, partition)
    }
    for (const { topic, topicId, partitions } of request.forgottenTopicsData) {
      for (const partition of partitions) session.partitions.delete(keyOf({ topic, topicId, partition }))
    }
  }

  #touch(session: Session, now: number): void {
    session.lastUsed = now
    this.#sessions.delete(session.id)
    this.#sessions.set(session.id, session)
  }
}

function incremental(session: Session): FetchContext {
  const partitions = [...session.partitions.values()]
  const { epoch } = session
  return {
    kind: 'incremental',
    partitions,
    settle(told) {
      // While this fetch was parked another request of the session went ahead.
      if (session.epoch !== epoch) {
        return { sessionId: session.id, errorCode: ErrorCode.INVALID_FETCH_SESSION_EPOCH, selected: [] }
      }
      const selected: number[] = []
      for (const [i, partition] of partitions.entries()) {
        if (!remember(partition, told[i]!)) continue
        selected.push(i)
        if (told[i]!.recordsBytes > 0) moveToEnd(session, partition)
      }
      return { sessionId: session.id, errorCode: ErrorCode.NONE, selected }
    },
  }
}

function sessionless(partitions: SessionPartition[]): FetchContext {
  const selected = partitions.map((_, i) => i)
  return { kind: 'sessionless', partitions, settle: () => ({ sessionId: 0, errorCode: ErrorCode.NONE, selected }) }
}

/** Notes what the client is told; returns whether it must be told at all. */
function remember(partition: SessionPartition, told: Told): boolean {
  const { errorCode, highWatermark, logStartOffset, recordsBytes, notable } = told
  let mustTell = recordsBytes > 0 || notable
  if (partition.toldHighWatermark !== highWatermark || partition.toldLogStartOffset !== logStartOffset) mustTell = true
  partition.toldHighWatermark = highWatermark
  partition.toldLogStartOffset = logStartOffset
  if (errorCode !== ErrorCode.NONE) {
    // The next answer names it again, whatever it says.
    partition.toldHighWatermark = -1
    mustTell = true
  }
  return mustTell
}

/** Who got records now comes last in the next fetch, so that a full response starves nobody. */
function moveToEnd(session: Session, partition: SessionPartition): void {
  const key = keyOf(partition)
  session.partitions.delete(key)
  session.partitions.set(key, partition)
}

function* wanted(request: SessionRequest): Generator<WantedPartition> {
  for (const { topic, topicId, partitions } of request.topics) {
    for (const { partition, currentLeaderEpoch, fetchOffset, lastFetchedEpoch, partitionMaxBytes } of partitions) {
      yield { topic, topicId, partition, currentLeaderEpoch, fetchOffset, lastFetchedEpoch, partitionMaxBytes }
    }
  }
}

function asNew(partition: WantedPartition): SessionPartition {
  return { ...partition, toldHighWatermark: -1, toldLogStartOffset: -1 }
}

function keyOf({ topic, topicId, partition }: Pick<WantedPartition, 'topic' | 'topicId' | 'partition'>): string {
  return `${topicId === ZERO_UUID ? topic : topicId}/${partition}`
}

/** Epochs run from 1 to 2^31 - 1 and start again. */
function epochAfter(epoch: number): number {
  return epoch === 0x7fffffff ? 1 : epoch + 1
}
