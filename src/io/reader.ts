// One reader on the I/O thread: its cursors, a source a broker, and what is done when a partition cannot be fetched.
// [I/O thread]
import {
  type ErrorClass,
  errorOf,
  type MillraceError,
  OffsetOutOfRange,
  PartitionNotFound,
  TopicNotFound,
  toWire,
} from '../base/errors.ts'
import { formatAddress } from '../base/tcp.ts'
import type { CursorStart, ReaderSettings, ToMain } from '../control/commands.ts'
import { brokerError, ErrorCode, isRetriable } from '../protocol/errors.ts'
import { timestampOf } from '../protocol/offset-timestamps.ts'
import type { Channel } from './channel.ts'
import type { Cluster, Leader } from './cluster.ts'
import { Cursor } from './cursor.ts'
import type { FetchOutcome, PartitionOutcome } from './fetch-answer.ts'
import type { PartitionMetadata } from './metadata.ts'
import type { OffsetLookup } from './offsets.ts'
import { Source, type SourceHost } from './source.ts'

/** What a reader is made with; the parts that all readers share. */
export interface ReaderPlan extends Pick<SourceHost, 'id' | 'settings' | 'memory' | 'spills' | 'clock' | 'feed'> {
  cluster: Cluster
  offsets: OffsetLookup
  post(message: ToMain): void
  /** Asks all readers whether one of them waited for the room that there may be now. */
  roomMade(): void
}

/** Errors that mean: ask metadata for the leader, then go on. */
const MOVED: ReadonlySet<number> = new Set([
  ErrorCode.LEADER_NOT_AVAILABLE,
  ErrorCode.NOT_LEADER_OR_FOLLOWER,
  ErrorCode.REPLICA_NOT_AVAILABLE,
  ErrorCode.FENCED_LEADER_EPOCH,
  ErrorCode.UNKNOWN_LEADER_EPOCH,
  ErrorCode.OFFSET_NOT_AVAILABLE,
  ErrorCode.KAFKA_STORAGE_ERROR,
  ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
  ErrorCode.UNKNOWN_TOPIC_ID,
  ErrorCode.INCONSISTENT_TOPIC_ID,
])

/** An iteration or consumer as the I/O thread knows it. */
export class Reader implements SourceHost {
  readonly id: number
  readonly settings: ReaderSettings
  readonly memory: SourceHost['memory']
  readonly spills: SourceHost['spills']
  readonly clock: SourceHost['clock']
  readonly feed: SourceHost['feed']
  reservedBytes = 0
  readonly #plan: ReaderPlan
  readonly #cursors = new Map<number, Cursor>()
  readonly #sources = new Map<number, Source>()
  readonly #retired = new Set<Source>()
  readonly #unsubscribe: () => void
  #closed: (() => void) | undefined

  constructor(plan: ReaderPlan) {
    this.#plan = plan
    this.id = plan.id
    this.settings = plan.settings
    this.memory = plan.memory
    this.spills = plan.spills
    this.clock = plan.clock
    this.feed = plan.feed
    this.#unsubscribe = plan.cluster.onChange((topics) => this.#metadataChanged(topics))
  }

  get requestTimeoutMs(): number {
    return this.#plan.cluster.host.options.requestTimeoutMs
  }

  get defaultApiTimeoutMs(): number {
    return this.#plan.cluster.host.options.defaultApiTimeoutMs
  }

  get retryBackoffMs(): number {
    return this.#plan.cluster.host.options.retryBackoffMs
  }

  assign(starts: CursorStart[]): void {
    for (const start of starts) {
      const cursor = new Cursor(start)
      this.#cursors.set(cursor.slot, cursor)
      this.#locate(cursor)
    }
  }

  seek(slot: number, generation: number, position: number): void {
    const cursor = this.#cursors.get(slot)
    if (cursor === undefined) return
    cursor.seek(position, generation)
    if (cursor.state === 'locating') this.#locate(cursor)
    else this.#sources.get(cursor.node)?.pump()
  }

  unassign(slots: number[]): void {
    for (const slot of slots) this.#cursors.delete(slot)
  }

  /** Something may be possible that was not: room, or a connection. */
  pump(): void {
    for (const source of this.#sources.values()) source.pump()
    for (const source of this.#retired) source.pump()
  }

  /** Ends the reader; resolves when nothing of it writes to shared memory any more. */
  close(): Promise<void> {
    this.#unsubscribe()
    this.#cursors.clear()
    for (const source of this.#sources.values()) source.close()
    this.#plan.cluster.releaseRole(`fetch:${this.id}`)
    return new Promise((resolve) => {
      this.#closed = resolve
      this.settled()
    })
  }

  // --- what sources tell ------------------------------------------------------------------------------------------

  *cursorsAt(broker: number): Generator<Cursor> {
    for (const cursor of this.#cursors.values()) {
      if (cursor.state === 'fetching' && cursor.node === broker) yield cursor
    }
  }

  get brokersInUse(): number {
    const brokers = new Set<number>()
    for (const { state, node, finished } of this.#cursors.values()) {
      if (state === 'fetching' && !finished) brokers.add(node)
    }
    return brokers.size
  }

  settled(): void {
    for (const source of this.#retired) if (!source.inFlight) this.#retired.delete(source)
    if (this.#closed === undefined || this.#retired.size > 0) return
    if (![...this.#sources.values()].some((source) => source.inFlight)) this.#closed()
  }

  roomMade(): void {
    this.#plan.roomMade()
  }

  settle(outcome: FetchOutcome, broker: number): void {
    for (const partition of outcome.partitions) {
      const { cursor, turn } = partition
      if (this.#isCurrent(cursor) && cursor.turn === turn) this.#settlePartition(partition, outcome, broker)
    }
    for (const cursor of [...this.cursorsAt(broker)]) {
      if (cursor.node !== cursor.leader && this.clock.now() >= cursor.nodeUntilMs) {
        this.#fetchFrom(cursor, cursor.leader)
      }
    }
  }

  lost(broker: number, error: MillraceError, final: boolean): void {
    const lost = [...this.cursorsAt(broker)]
    for (const cursor of lost) {
      if (final && cursor.node === cursor.leader) this.#fail(cursor, this.#located(cursor, error, broker))
      else this.#locate(cursor)
    }
    // The leader may have died: whoever succeeds it is known to the others.
    if (!final && lost.length > 0) {
      this.#plan.cluster.refresh([...new Set(lost.map(({ topic }) => topic))]).catch(() => {})
    }
  }

  #settlePartition({ cursor, head, tail, error }: PartitionOutcome, outcome: FetchOutcome, broker: number): void {
    const { cluster } = this.#plan
    if (error !== undefined) return this.#fail(cursor, error)
    // Back to the leader, which may name the same replica again: not without a pause.
    if (cursor.node !== cursor.leader && head.errorCode !== 0) {
      return this.#later(cursor, cluster.backoffMs(cursor.attempts++))
    }
    if (tail.divergingEpoch !== undefined) return this.#truncated(cursor, tail.divergingEpoch.endOffset)
    if (head.errorCode === 0) return this.#prefer(cursor, head.preferredReadReplica)
    if (head.errorCode === ErrorCode.OFFSET_OUT_OF_RANGE) return this.#reset(cursor)
    if (!MOVED.has(head.errorCode) && !isRetriable(head.errorCode)) {
      const { topic, partition, position: offset } = cursor
      const details = { topic, partition, offset, broker: this.#addressOf(broker) }
      return this.#fail(cursor, brokerError(head.errorCode, { what: 'Fetch', ...details }))
    }
    const { topic, partition } = cursor
    const endpoints = outcome.endpoints.map((one) => ({ ...one, rack: undefined }))
    const hint = tail.leader
    const hinted =
      hint !== undefined &&
      cluster.applyLeaderHint(topic, partition, { leaderId: hint.id, leaderEpoch: hint.epoch }, endpoints)
    if (!hinted) cluster.markStale(topic, partition)
    this.#later(cursor, hinted ? 0 : cluster.backoffMs(cursor.attempts++))
  }

  /** What ended the connection, as an error of one partition. */
  #located({ topic, partition, position: offset }: Cursor, cause: MillraceError, id: number): MillraceError {
    const { code, kafkaCode, retriable, fatal } = cause
    const broker = cause.broker ?? this.#addressOf(id)
    const from = cause.broker === undefined && broker !== undefined ? ` from ${broker}` : ''
    const text = `Reading ${topic}[${partition}] at offset ${offset}${from} failed: ${cause.message}`
    const details = { topic, partition, offset, broker, kafkaCode, retriable, fatal, cause }
    return errorOf(cause.name as ErrorClass, code, text, details)
  }

  #addressOf(id: number): string | undefined {
    const broker = this.#plan.cluster.metadata.broker(id)
    return broker === undefined ? undefined : formatAddress(broker)
  }

  // --- finding the leader -----------------------------------------------------------------------------------------

  /** Looks the leader up, in metadata that is asked for if need be; then fetches from it. */
  #locate(cursor: Cursor): void {
    const { cluster } = this.#plan
    const { generation, topic, partition } = cursor
    cursor.state = 'locating'
    const stale = () => !this.#isCurrent(cursor) || cursor.generation !== generation || cursor.state !== 'locating'
    cluster.topic(topic).then(
      (found) => {
        if (stale()) return
        cursor.topicId ??= found.id
        const there = found.partitions.find((one) => one.partition === partition)
        const wrong = this.#mismatch(cursor, found.id, there)
        if (wrong !== undefined) return this.#fail(cursor, wrong)
        const leader = cluster.leaderOf(topic, partition)
        if (leader === undefined) return this.#later(cursor, cluster.backoffMs(cursor.attempts++))
        this.#follow(cursor, leader)
      },
      (error: MillraceError) => {
        if (stale()) return
        if (error.retriable && error.code !== 'API_TIMEOUT') this.#later(cursor, cluster.backoffMs(cursor.attempts++))
        else this.#fail(cursor, error)
      },
    )
  }

  #mismatch(cursor: Cursor, id: string | undefined, there: PartitionMetadata | undefined): MillraceError | undefined {
    const { topic, partition, position: offset } = cursor
    if (cursor.topicId !== undefined && id !== undefined && cursor.topicId !== id) {
      const text = `Topic '${topic}' was deleted and created again while it was read: its offsets start anew.`
      return new TopicNotFound('TOPIC_RECREATED', text, { topic, partition, offset })
    }
    if (there !== undefined) return undefined
    return new PartitionNotFound('PARTITION_NOT_FOUND', `Topic '${topic}' has no partition ${partition}.`, {
      topic,
      partition,
    })
  }

  /** A new leader epoch means that the log may have been cut below the position: that is asked first (KIP-320). */
  #follow(cursor: Cursor, leader: Leader): void {
    const changed = leader.leaderEpoch > cursor.leaderEpoch && cursor.lastEpoch >= 0 && cursor.leaderEpoch >= 0
    cursor.leader = leader.brokerId
    cursor.node = leader.brokerId
    cursor.leaderEpoch = leader.leaderEpoch
    if (changed) this.#validate(cursor)
    else this.#fetch(cursor)
  }

  #fetch(cursor: Cursor): void {
    cursor.state = 'fetching'
    const { cluster } = this.#plan
    const channel = cluster.channel(cursor.node, `fetch:${this.id}`)
    if (channel === undefined) return this.#later(cursor, cluster.backoffMs(cursor.attempts++))
    cursor.attempts = 0
    const source = this.#sources.get(cursor.node)
    if (source?.channel === channel) source.pump()
    else this.#open(cursor.node, channel, source)
  }

  /** KIP-392: the leader names a replica that is closer to `clientRack`; after a while it is asked again. */
  #prefer(cursor: Cursor, replica: number): void {
    const { metadata, host } = this.#plan.cluster
    if (replica < 0 || replica === cursor.node || metadata.broker(replica) === undefined) return
    cursor.nodeUntilMs = this.clock.now() + host.options.metadataMaxAgeMs
    this.#fetchFrom(cursor, replica)
  }

  /** Answers of the node before do not count any more. */
  #fetchFrom(cursor: Cursor, node: number): void {
    cursor.state = 'locating'
    cursor.node = node
    this.#fetch(cursor)
  }

  /** A source a broker; one whose broker moved to another address ends with what it has in flight. */
  #open(broker: number, channel: Channel, old: Source | undefined): void {
    old?.close()
    if (old?.inFlight) this.#retired.add(old)
    const source = new Source(broker, channel, this)
    this.#sources.set(broker, source)
    this.#plan.post({ type: 'broker', id: broker, address: formatAddress(channel.address) })
    source.pump()
  }

  #metadataChanged(topics: ReadonlySet<string>): void {
    for (const cursor of this.#cursors.values()) {
      if (!topics.has(cursor.topic) || cursor.state !== 'fetching') continue
      const leader = this.#plan.cluster.leaderOf(cursor.topic, cursor.partition)
      const same = leader?.brokerId === cursor.leader && leader.leaderEpoch === cursor.leaderEpoch
      if (!same) this.#locate(cursor)
    }
  }

  #later(cursor: Cursor, delayMs: number): void {
    const { generation } = cursor
    cursor.state = 'locating'
    this.clock.after(delayMs, () => {
      if (this.#isCurrent(cursor) && cursor.generation === generation && cursor.state === 'locating') {
        this.#locate(cursor)
      }
    })
  }

  // --- positions that are not there -------------------------------------------------------------------------------

  #validate(cursor: Cursor): void {
    const { generation, topic, partition, lastEpoch, leaderEpoch } = cursor
    cursor.state = 'validating'
    const query = { topic, partition, leaderEpoch: lastEpoch, currentLeaderEpoch: leaderEpoch }
    const stale = () => !this.#isCurrent(cursor) || cursor.generation !== generation || cursor.state !== 'validating'
    this.#plan.offsets.endOffsetForEpoch(query).then(
      ({ endOffset }) => {
        if (stale()) return
        if (endOffset !== undefined && endOffset < cursor.position) this.#truncated(cursor, endOffset)
        else this.#fetch(cursor)
      },
      (error: MillraceError) => {
        if (stale()) return
        // A broker that does not know the request cannot tell; what it serves is all there is.
        if (error.name === 'UnsupportedVersion') this.#fetch(cursor)
        else if (error.retriable) this.#later(cursor, this.#plan.cluster.backoffMs(cursor.attempts++))
        else this.#fail(cursor, error)
      },
    )
  }

  /** The log was cut: what lay between `endOffset` and the position is gone, and other records may take its place. */
  #truncated(cursor: Cursor, endOffset: number): void {
    const { topic, partition, position } = cursor
    this.#plan.post({ type: 'event', name: 'reset', detail: { topic, partition, from: position, to: endOffset } })
    if (this.settings.autoOffsetReset !== 'none') return this.#moveTo(cursor, endOffset)
    const text = `The log of ${topic}[${partition}] was truncated to offset ${endOffset}, before ${position}.`
    this.#fail(cursor, new OffsetOutOfRange('LOG_TRUNCATED', text, { topic, partition, offset: position }))
  }

  /** OFFSET_OUT_OF_RANGE: by the policy, one end of the log, the first record at or after a time, or an error. */
  #reset(cursor: Cursor): void {
    const { generation, topic, partition, position } = cursor
    const policy = this.settings.autoOffsetReset
    if (policy === 'none') {
      const text = `Offset ${position} of ${topic}[${partition}] is not in the log (any more).`
      const details = { topic, partition, offset: position, kafkaCode: ErrorCode.OFFSET_OUT_OF_RANGE }
      return this.#fail(cursor, new OffsetOutOfRange('OFFSET_OUT_OF_RANGE', text, details))
    }
    cursor.state = 'resetting'
    const query = { topic, partition, timestamp: timestampOf(policy) }
    const stale = () => !this.#isCurrent(cursor) || cursor.generation !== generation || cursor.state !== 'resetting'
    this.#plan.offsets.listOffsets([query], { isolationLevel: this.settings.isolationLevel, orEnd: true }).then(
      ([answer]) => {
        if (stale()) return
        if (answer?.error !== undefined) return this.#fail(cursor, answer.error)
        const to = answer?.offset ?? position
        // The leader contradicts itself: it may be about to lose its place. Not to be asked in a hot loop.
        if (to === position) return this.#later(cursor, this.#plan.cluster.backoffMs(cursor.attempts++))
        this.#plan.post({ type: 'event', name: 'reset', detail: { topic, partition, from: position, to } })
        this.#moveTo(cursor, to)
      },
      (error: MillraceError) => {
        if (!stale()) this.#fail(cursor, error)
      },
    )
  }

  #moveTo(cursor: Cursor, position: number): void {
    cursor.position = position
    cursor.lastEpoch = -1
    this.feed.moveTo(position, cursor, this.id, cursor.node)
    this.feed.flush()
    this.#fetch(cursor)
  }

  #fail(cursor: Cursor, error: MillraceError): void {
    cursor.state = 'failed'
    const { slot, generation, position } = cursor
    this.#plan.post({ type: 'failed', slot, generation, position, error: toWire(error) })
  }

  #isCurrent(cursor: Cursor): boolean {
    return this.#cursors.get(cursor.slot) === cursor
  }
}
