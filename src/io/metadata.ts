// What is known of the cluster: brokers, topics, leaders. A cache without any I/O. [I/O thread]
import type { Address } from '../base/transport.ts'
import type { ResponseOf } from '../protocol/apis.ts'
import { ErrorCode } from '../protocol/errors.ts'

const NO_TOPIC_ID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** One partition as metadata shows it. */
export interface PartitionMetadata {
  readonly partition: number
  /** -1 while it has no leader. */
  readonly leaderId: number
  /** -1 when the broker tells none. */
  readonly leaderEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
  readonly offlineReplicas: readonly number[]
}

/** One topic as metadata shows it. */
export interface TopicMetadata {
  readonly name: string
  /** 22 characters (KIP-516), or undefined for brokers before 2.8. */
  readonly id: string | undefined
  readonly internal: boolean
  /** In the order of their numbers. */
  readonly partitions: readonly PartitionMetadata[]
}

/** One broker as metadata shows it. */
export interface BrokerMetadata extends Address {
  readonly id: number
  readonly rack: string | undefined
}

/** What is known of a topic somebody asked about. */
export interface TopicEntry {
  /** The last good answer; it outlives a later error, as brokers may report a topic missing for a moment. */
  topic: TopicMetadata | undefined
  /** The error of the last answer, 0 for none, -1 before the first. */
  errorCode: number
  usedAtMs: number
  /** Somebody was told otherwise by a broker since the last answer. */
  stale: boolean
}

/** A better leader, told by a broker that is not it (KIP-951). */
export interface LeaderHint {
  leaderId: number
  leaderEpoch: number
}

/** Applies answers and hints; leader epochs never go back (KIP-320). */
export class MetadataCache {
  #brokers = new Map<number, BrokerMetadata>()
  readonly #topics = new Map<string, TopicEntry>()
  /** Outlives the topics: an id that a broker names must be readable after its topic was evicted. */
  readonly #nameById = new Map<string, string>()
  #clusterId: string | undefined
  #controllerId = -1
  /** When everything was last asked for at once. */
  fullAtMs = Number.NEGATIVE_INFINITY

  get clusterId(): string | undefined {
    return this.#clusterId
  }

  get controllerId(): number {
    return this.#controllerId
  }

  get brokers(): readonly BrokerMetadata[] {
    return [...this.#brokers.values()]
  }

  broker(id: number): BrokerMetadata | undefined {
    return this.#brokers.get(id)
  }

  /** The name behind a topic id, if it was ever seen. */
  nameOf(topicId: string): string | undefined {
    return this.#nameById.get(topicId)
  }

  /** The entry of a topic; made if it is not there, and marked as asked for. */
  use(name: string, nowMs: number): TopicEntry {
    let entry = this.#topics.get(name)
    if (entry === undefined) {
      entry = { topic: undefined, errorCode: -1, usedAtMs: nowMs, stale: true }
      this.#topics.set(name, entry)
    }
    entry.usedAtMs = nowMs
    return entry
  }

  /** The entry of a topic, if there is one. */
  peek(name: string): TopicEntry | undefined {
    return this.#topics.get(name)
  }

  partition(name: string, partition: number): PartitionMetadata | undefined {
    const partitions = this.#topics.get(name)?.topic?.partitions
    const there = partitions?.[partition]
    return there?.partition === partition ? there : partitions?.find((one) => one.partition === partition)
  }

  /** Every topic in the cache. */
  get topicNames(): string[] {
    return [...this.#topics.keys()]
  }

  /** Forgets the topics that nobody asked about since then. */
  evict(unusedSinceMs: number): void {
    for (const [name, entry] of this.#topics) if (entry.usedAtMs < unusedSinceMs) this.#topics.delete(name)
  }

  /** Forgets the brokers, so that the bootstrap list is next (KIP-899). Topics and their epochs stay. */
  forgetBrokers(): void {
    this.#brokers.clear()
    this.#controllerId = -1
  }

  /** Takes an answer for the topics asked for. Returns the topics that are not as they were. */
  apply(response: ResponseOf<'Metadata'>, asked: readonly string[]): Set<string> {
    const changed = new Set<string>()
    this.#applyCluster(response, changed)
    const missing = new Set(asked)
    for (const answer of response.topics) {
      const name = answer.name ?? this.nameOf(answer.topicId)
      if (name === undefined) continue
      missing.delete(name)
      const entry = this.#topics.get(name)
      // Evicted while it was being asked for: nobody wants it.
      if (entry === undefined) continue
      if (this.#applyTopic(entry, name, answer)) changed.add(name)
    }
    for (const name of missing) {
      const entry = this.#topics.get(name)
      if (entry === undefined) continue
      if (entry.errorCode !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) changed.add(name)
      entry.errorCode = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      entry.stale = false
    }
    return changed
  }

  /** Takes a broker's word for a newer leader; false if it is not newer, or the leader's address is not known. */
  applyLeaderHint(name: string, partition: number, hint: LeaderHint, endpoints: readonly BrokerMetadata[]): boolean {
    const entry = this.#topics.get(name)
    const old = this.partition(name, partition)
    if (entry?.topic === undefined || old === undefined || hint.leaderId < 0) return false
    if (hint.leaderEpoch <= old.leaderEpoch) return false
    const endpoint = endpoints.find((one) => one.id === hint.leaderId)
    if (endpoint !== undefined && isAddress(endpoint)) this.#brokers.set(endpoint.id, endpoint)
    if (!this.#brokers.has(hint.leaderId)) return false
    const { leaderId, leaderEpoch } = hint
    const partitions = entry.topic.partitions.map((one) => (one === old ? { ...old, leaderId, leaderEpoch } : one))
    entry.topic = { ...entry.topic, partitions }
    return true
  }

  #applyCluster(response: ResponseOf<'Metadata'>, changed: Set<string>): void {
    const clusterId = response.clusterId ?? undefined
    if (this.#clusterId !== undefined && clusterId !== undefined && clusterId !== this.#clusterId) {
      // Another cluster behind the same names: nothing of the old one holds, its epochs least of all.
      for (const [name, entry] of this.#topics) {
        entry.topic = undefined
        changed.add(name)
      }
    }
    this.#clusterId = clusterId ?? this.#clusterId
    this.#controllerId = response.controllerId
    const brokers = response.brokers.filter(isAddress)
    this.#brokers = new Map(
      brokers.map(({ nodeId: id, host, port, rack }) => [id, { id, host, port, rack: rack ?? undefined }]),
    )
  }

  #applyTopic(entry: TopicEntry, name: string, answer: ResponseOf<'Metadata'>['topics'][number]): boolean {
    const before = entry.topic
    const codeBefore = entry.errorCode
    // A topic without partitions is one that is being made, or an answer that makes no sense: not usable either way.
    const empty = answer.errorCode === 0 && answer.partitions.length === 0
    entry.errorCode = empty ? ErrorCode.LEADER_NOT_AVAILABLE : answer.errorCode
    entry.stale = false
    if (entry.errorCode !== 0) return entry.errorCode !== codeBefore
    const id = answer.topicId === NO_TOPIC_ID ? undefined : answer.topicId
    if (id !== undefined) this.#nameById.set(id, name)
    // Recreated under the same name: its epochs start again.
    const same = before !== undefined && before.id === id ? before : undefined
    const partitions = answer.partitions
      .map((partition) => newer(same, partition))
      .sort((a, b) => a.partition - b.partition)
    entry.topic = { name, id, internal: answer.isInternal, partitions }
    return codeBefore !== 0 || before === undefined || !sameLeaders(before, entry.topic)
  }
}

/** The partition as answered, or as known, if that is from a later epoch: brokers learn of a change one by one. */
function newer(
  known: TopicMetadata | undefined,
  answer: ResponseOf<'Metadata'>['topics'][number]['partitions'][number],
): PartitionMetadata {
  const { partitionIndex: partition, leaderEpoch, replicaNodes, isrNodes, offlineReplicas } = answer
  const old = known?.partitions.find((one) => one.partition === partition)
  if (old !== undefined && leaderEpoch >= 0 && leaderEpoch < old.leaderEpoch) return old
  // 9, a replica missing, does not concern us; with any other error the leader is not to be relied on.
  const usable = answer.errorCode === 0 || answer.errorCode === ErrorCode.REPLICA_NOT_AVAILABLE
  const leaderId = usable ? answer.leaderId : -1
  return { partition, leaderId, leaderEpoch, replicas: replicaNodes, isr: isrNodes, offlineReplicas }
}

function sameLeaders(a: TopicMetadata, b: TopicMetadata): boolean {
  if (a.id !== b.id || a.partitions.length !== b.partitions.length) return false
  return a.partitions.every((one, i) => {
    const other = b.partitions[i]!
    return one.partition === other.partition && one.leaderId === other.leaderId && one.leaderEpoch === other.leaderEpoch
  })
}

/** Something that can be connected to; a broker may advertise nonsense. */
function isAddress({ host, port }: Address): boolean {
  return host !== '' && port > 0 && port < 65_536
}
