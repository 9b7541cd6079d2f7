// The cluster as the I/O thread knows it: nodes, connections, topics and their leaders. [I/O thread]
import { backoff } from '../base/backoff.ts'
import { Closed, Disconnected, MillraceError, TopicNotFound } from '../base/errors.ts'
import { formatAddress } from '../base/tcp.ts'
import type { Address } from '../base/transport.ts'
import { brokerError, ErrorCode, isRetriable } from '../protocol/errors.ts'
import type { Channel, ChannelHost, Role } from './channel.ts'
import { Contact } from './contact.ts'
import { Deadline } from './deadline.ts'
import { type BrokerMetadata, type LeaderHint, MetadataCache, type TopicMetadata } from './metadata.ts'
import { Node } from './node.ts'
import { Refresher } from './refresher.ts'

/** For so long a topic that a broker does not know may be one that was just created. */
const UNKNOWN_TOPIC_WINDOW_MS = 300
const UNKNOWN_TOPIC_PAUSE_MS = 100

/** Who leads a partition, and since which epoch (-1: the broker does not tell). */
export interface Leader {
  brokerId: number
  leaderEpoch: number
}

/** Bounds of one call. */
export interface CallBounds {
  /** Default `defaultApiTimeoutMs`. */
  timeoutMs?: number | undefined
  signal?: AbortSignal | undefined
}

/** Owns all connections of a `Kafka` instance. Opens none before it is asked for something. */
export class Cluster {
  readonly host: ChannelHost
  readonly contact: Contact
  readonly metadata = new MetadataCache()
  readonly #nodes = new Map<string, Node>()
  readonly #refresher: Refresher
  readonly #listeners = new Set<(topics: ReadonlySet<string>) => void>()
  readonly #closing = new AbortController()
  /** Since when metadata was asked for in vain, and why the last time. */
  #failingSinceMs: number | undefined
  #failure: MillraceError | undefined

  constructor(host: ChannelHost) {
    const { clock, random, options } = host
    this.host = host
    this.contact = new Contact({
      options,
      random,
      node: (address) => this.node(address),
      known: () => this.metadata.brokers,
      rebootstrapped: (reason) => host.onEvent?.({ type: 'rebootstrapped', reason }),
    })
    this.#refresher = new Refresher({ clock, random, options, refresh: (topics) => this.#refresh(topics) })
  }

  /** Fires, with a `Closed` error, when the cluster is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  /** The node at an address. */
  node(address: Address): Node {
    const name = formatAddress(address)
    let node = this.#nodes.get(name)
    if (node === undefined) {
      node = new Node(address, this.host)
      this.#nodes.set(name, node)
    }
    return node
  }

  /** The connection of a role to a broker, or undefined while its address is not known. */
  channel(brokerId: number, role: Role): Channel | undefined {
    const broker = this.metadata.broker(brokerId)
    return broker === undefined ? undefined : this.node(broker).channel(role)
  }

  /** Closes the connections of a role to all brokers, when a reader is gone for example. */
  releaseRole(role: Role): void {
    const error = new Closed('CLOSED', `The connections for ${role} were closed.`)
    for (const node of this.#nodes.values()) node.release(role, error)
  }

  /** The leader as known now, undefined while there is none. Has newer metadata asked for when that is due. */
  leaderOf(topic: string, partition: number): Leader | undefined {
    const entry = this.metadata.use(topic, this.host.clock.now())
    const found = this.metadata.partition(topic, partition)
    const known = found !== undefined && this.metadata.broker(found.leaderId) !== undefined
    if ((entry.stale || !known || this.#aged()) && !this.#refresher.covers(topic)) this.#refresher.wish(topic)
    return known ? { brokerId: found.leaderId, leaderEpoch: found.leaderEpoch } : undefined
  }

  /**
   * A topic that exists. Rejects with `TopicNotFound` when brokers go on saying that it does not for 300 ms, and waits
   * within the bounds while it is being created.
   */
  async topic(name: string, bounds: CallBounds = {}): Promise<TopicMetadata> {
    const entry = this.metadata.use(name, this.host.clock.now())
    if (entry.topic !== undefined && entry.errorCode === 0 && !entry.stale && !this.#aged()) return entry.topic
    const deadline = this.deadline(`Metadata of topic '${name}'`, bounds)
    try {
      return await this.#awaitTopic(name, deadline)
    } finally {
      deadline.dispose()
    }
  }

  /** Resolves when newer metadata of the topics (besides brokers) is there. Wishes of one moment share one request. */
  refresh(topics: readonly string[], bounds: CallBounds = {}): Promise<void> {
    const nowMs = this.host.clock.now()
    for (const topic of topics) this.metadata.use(topic, nowMs)
    const deadline = this.deadline('Metadata', bounds)
    return deadline.race(this.#refresher.refresh(topics)).finally(() => deadline.dispose())
  }

  /** A broker said that what is known of the partition is wrong. */
  markStale(topic: string, _partition: number): void {
    const entry = this.metadata.peek(topic)
    if (entry !== undefined) entry.stale = true
    // Also while a request for it is under way: that one may have been answered before the broker knew better.
    this.#refresher.wish(topic)
  }

  /** Takes a broker's word for the new leader (KIP-951). False if it is of no use: then metadata is asked for. */
  applyLeaderHint(topic: string, partition: number, hint: LeaderHint, endpoints: readonly BrokerMetadata[]): boolean {
    if (this.metadata.applyLeaderHint(topic, partition, hint, endpoints)) {
      this.#notify(new Set([topic]))
      return true
    }
    this.markStale(topic, partition)
    return false
  }

  /** Calls back with the topics whose partitions or leaders changed. Returns how to stop that. */
  onChange(listener: (topics: ReadonlySet<string>) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * The bound of a call that `close` ends as well, and `ending`. Not by AbortSignal.any: on Node 20 a signal that lives
   * long keeps something of each one that is combined with it.
   */
  deadline(what: string, { timeoutMs, signal }: CallBounds, ending?: AbortSignal): Deadline {
    const { clock, options } = this.host
    const signals = [this.closing, signal, ending]
    const lastError = () => this.contact.failure ?? this.#failure
    return new Deadline({ clock, timeoutMs: timeoutMs ?? options.defaultApiTimeoutMs, what, signals, lastError })
  }

  /** How long to wait after failure number `attempt` (from 0). */
  backoffMs(attempt: number): number {
    const { retryBackoffMs: baseMs, retryBackoffMaxMs: maxMs } = this.host.options
    return backoff(attempt, { baseMs, maxMs }, this.host.random)
  }

  /** Settles everything at once. */
  close(): void {
    if (this.closing.aborted) return
    const error = new Closed('CLOSED', 'The client was closed.')
    this.#closing.abort(error)
    this.#refresher.close(error)
    for (const node of this.#nodes.values()) node.close(error)
    this.#listeners.clear()
  }

  async #awaitTopic(name: string, deadline: Deadline): Promise<TopicMetadata> {
    const { clock, options } = this.host
    let unknownSinceMs: number | undefined
    for (let attempt = 0; ; attempt++) {
      await deadline.race(this.#refresher.refresh([name]))
      const entry = this.metadata.use(name, clock.now())
      if (entry.errorCode === 0 && entry.topic !== undefined) return entry.topic
      const error = brokerError(entry.errorCode, { what: `Metadata of topic '${name}'`, topic: name })
      deadline.note(error)
      if (entry.errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION && !options.allowAutoTopicCreation) {
        unknownSinceMs ??= clock.now()
        if (clock.now() - unknownSinceMs >= UNKNOWN_TOPIC_WINDOW_MS) throw topicNotFound(name, entry.errorCode)
        await deadline.sleep(UNKNOWN_TOPIC_PAUSE_MS)
      } else {
        unknownSinceMs = undefined
        if (!isRetriable(entry.errorCode)) throw error
        await deadline.sleep(this.backoffMs(attempt))
      }
    }
  }

  /** Whether it is time for the full refresh that notices new partitions and forgets unused topics. */
  #aged(): boolean {
    return this.host.clock.now() - this.metadata.fullAtMs >= this.host.options.metadataMaxAgeMs
  }

  async #refresh(wanted: readonly string[]): Promise<void> {
    const { clock, options } = this.host
    const deadline = this.deadline('Metadata', {})
    let topics = wanted
    const full = this.#aged()
    if (full) {
      this.metadata.evict(clock.now() - options.metadataMaxIdleMs)
      topics = [...new Set([...this.metadata.topicNames, ...wanted])]
    }
    try {
      for (let attempt = 0; ; attempt++) {
        const error = await this.#ask(topics, deadline)
        if (error === undefined) break
        if (deadline.signal.aborted || !error.retriable || error.code === 'NO_BROKER_REACHABLE') throw error
        deadline.note(error)
        await deadline.sleep(this.backoffMs(attempt))
      }
      if (full) this.metadata.fullAtMs = clock.now()
    } finally {
      deadline.dispose()
    }
  }

  async #ask(topics: readonly string[], deadline: Deadline): Promise<MillraceError | undefined> {
    const { allowAutoTopicCreation } = this.host.options
    this.#failingSinceMs ??= this.host.clock.now()
    try {
      const connection = await this.contact.connection('admin', deadline)
      const body = { topics: topics.map((name) => ({ name })), allowAutoTopicCreation }
      // Brokers before 0.11 create every topic that is asked for.
      const minVersion = allowAutoTopicCreation ? 1 : 4
      const answer = await connection.request('Metadata', body, { minVersion, signal: deadline.signal })
      const { errorCode, brokers } = answer.body
      if (errorCode === ErrorCode.REBOOTSTRAP_REQUIRED) this.#rebootstrap('the broker asked for it')
      if (errorCode !== 0) throw this.#refused(errorCode, connection.broker)
      if (brokers.length === 0) throw noBrokers(connection.broker)
      this.#failingSinceMs = undefined
      this.#failure = undefined
      const changed = this.metadata.apply(answer.body, topics)
      if (changed.size > 0) this.#notify(changed)
      return undefined
    } catch (error) {
      if (!(error instanceof MillraceError)) throw error
      if (!deadline.signal.aborted) this.#failure = error
      this.#checkTrigger()
      return error
    }
  }

  #refused(errorCode: number, broker: string): MillraceError {
    const { metadataRecoveryStrategy } = this.host.options
    const again = errorCode === ErrorCode.REBOOTSTRAP_REQUIRED && metadataRecoveryStrategy === 'rebootstrap'
    return brokerError(errorCode, { what: 'Metadata', broker, ...(again ? { retriable: true } : {}) })
  }

  /** KIP-1102: connections that work but lead to no metadata for long are worth no more than none. */
  #checkTrigger(): void {
    const { clock, options } = this.host
    const sinceMs = this.#failingSinceMs
    if (sinceMs === undefined || clock.now() - sinceMs < options.metadataRecoveryRebootstrapTriggerMs) return
    this.#failingSinceMs = clock.now()
    this.#rebootstrap('no metadata was obtained for too long')
  }

  #rebootstrap(reason: string): void {
    const { options, onEvent } = this.host
    if (options.metadataRecoveryStrategy !== 'rebootstrap' || this.metadata.brokers.length === 0) return
    this.metadata.forgetBrokers()
    onEvent?.({ type: 'rebootstrapped', reason })
  }

  #notify(topics: ReadonlySet<string>): void {
    for (const listener of [...this.#listeners]) listener(topics)
  }
}

function topicNotFound(topic: string, kafkaCode: number): TopicNotFound {
  const text = `Topic '${topic}' does not exist, or may not be seen. Create it, or set allowAutoTopicCreation.`
  return new TopicNotFound('UNKNOWN_TOPIC_OR_PARTITION', text, { topic, kafkaCode })
}

function noBrokers(broker: string): Disconnected {
  return new Disconnected('NO_BROKERS', `${broker} knows of no brokers at all.`, { broker, retriable: true })
}
