// The client's half of an incremental fetch session (KIP-227): sends what changed since the last request. [I/O thread]

/** One partition as a fetch request asks for it. */
export interface FetchItem {
  topic: string
  /** Undefined where the broker does not know ids (Fetch up to v12). */
  topicId: string | undefined
  partition: number
  position: number
  leaderEpoch: number
  maxBytes: number
}

/** The session part of a Fetch request, and which partitions it names. */
export interface SessionRequest {
  sessionId: number
  sessionEpoch: number
  /** New or changed ones; the broker remembers the others. */
  items: FetchItem[]
  forgotten: FetchItem[]
}

const FULL_EPOCH = 0
const SESSIONLESS_EPOCH = -1
const EPOCH_MAX = 0x7fffffff

const keyOf = (item: FetchItem): string => `${item.topicId ?? item.topic}/${item.partition}`

/** What the broker knows of one (reader, broker) pair. One request is in flight at a time. */
export class FetchSession {
  #id = 0
  #nextEpoch = FULL_EPOCH
  #known = new Map<string, FetchItem>()

  /** Partitions that the broker holds for us now; the model that the broker's own must equal. */
  get known(): ReadonlyMap<string, FetchItem> {
    return this.#known
  }

  /** The next request for exactly these partitions. `sessions` is false below Fetch v7. */
  request(wanted: FetchItem[], sessions: boolean): SessionRequest {
    const now = new Map(wanted.map((item) => [keyOf(item), item]))
    if (!sessions) return { sessionId: 0, sessionEpoch: SESSIONLESS_EPOCH, items: wanted, forgotten: [] }
    const full = this.#nextEpoch === FULL_EPOCH
    const items = full ? wanted : wanted.filter((item) => changed(this.#known.get(keyOf(item)), item))
    const forgotten = full ? [] : [...this.#known.values()].filter((item) => !now.has(keyOf(item)))
    this.#known = now
    return { sessionId: this.#id, sessionEpoch: this.#nextEpoch, items, forgotten }
  }

  /** The broker answered without a session error. A full request that got id 0 was answered without a session. */
  answered(sessionId: number): void {
    if (this.#nextEpoch === FULL_EPOCH) this.#id = sessionId
    if (this.#id === 0) this.#known = new Map()
    else this.#nextEpoch = this.#nextEpoch >= EPOCH_MAX ? 1 : this.#nextEpoch + 1
  }

  /** The broker and we may disagree: the next request is full and closes the old session, if there was one. */
  reset(): void {
    this.#nextEpoch = FULL_EPOCH
    this.#known = new Map()
  }

  /** The session is unknown to the broker (errors 70 and 106, a lost connection): nothing is left to close. */
  forget(): void {
    this.#id = 0
    this.reset()
  }
}

function changed(before: FetchItem | undefined, now: FetchItem): boolean {
  return (
    before === undefined ||
    before.position !== now.position ||
    before.leaderEpoch !== now.leaderEpoch ||
    before.maxBytes !== now.maxBytes
  )
}
