// What all listeners of one embedded broker share: topics, leaders, ids, committed offsets. [broker]
import type { Clock } from '../base/clock.ts'
import { type Random, randomUuid } from '../base/random.ts'
import { ErrorCode } from '../protocol/errors.ts'
import { encodeControlBatch } from '../record/encode.ts'
import type { GroupOptions } from './groups/group-options.ts'
import { Groups } from './groups/groups.ts'
import { OffsetStore } from './offset-store.ts'
import { SessionCache } from './session-cache.ts'
import { type Partition, Topic } from './topic.ts'
import type { TopicConfigValues } from './topic-configs.ts'
import {
  OFFSETS_TOPIC,
  type Outcome,
  type ProducerIdentity,
  type TransactionPartition,
} from './transactions/transaction.ts'
import { TransactionCoordinator, type TransactionGround } from './transactions/transaction-coordinator.ts'

/** One listener that poses as a broker of the cluster. */
export interface Node {
  readonly id: number
  readonly host: string
  readonly port: number
  readonly sessions: SessionCache
  /** Where it stands, for clients that read from the closest replica (KIP-392). */
  readonly rack: string | undefined
  /** False while it is down. */
  live: boolean
}

/** How a topic is made. */
export interface TopicSpec {
  /** Default: the cluster's. */
  partitions?: number | undefined
  /** Default 1. All replicas are always in sync. */
  replicationFactor?: number | undefined
  configs?: TopicConfigValues | undefined
  /** Replicas by partition, the leader first; overrides the two counts. */
  assignments?: readonly (readonly number[])[] | undefined
}

/** Who leads a partition whose replicas are all down. */
export const NO_LEADER = -1

/** Partitions of all topics: more than a test needs, fewer than would exhaust the machine. */
export const PARTITIONS_MAX = 100_000

/** The shared state; every method is synchronous, so each request sees and leaves it whole. */
export class Cluster implements TransactionGround {
  readonly id: string
  readonly clock: Clock
  readonly random: Random
  readonly defaultPartitions: number
  readonly autoCreateTopics: boolean
  readonly nodes: Node[] = []
  readonly topics = new Map<string, Topic>()
  readonly offsets = new OffsetStore()
  readonly groups: Groups
  readonly transactions: TransactionCoordinator
  /** Faults of the broker itself: a test can assert that there are none. The newest 100. */
  readonly errors: unknown[] = []
  readonly #topicsById = new Map<string, Topic>()
  #nextProducerId = 1000n
  #nextLeader = 0

  constructor(options: {
    clock: Clock
    random: Random
    defaultPartitions: number
    autoCreateTopics: boolean
    groups?: GroupOptions
  }) {
    this.clock = options.clock
    this.random = options.random
    this.defaultPartitions = options.defaultPartitions
    this.autoCreateTopics = options.autoCreateTopics
    this.id = this.newUuid()
    this.groups = new Groups({ clock: this.clock, random: this.random, topics: this.topics, options: options.groups })
    this.transactions = new TransactionCoordinator(this)
  }

  /** Adds a node, with ids from 1 on. */
  addNode(host: string, port: number, rack?: string): Node {
    const sessions = new SessionCache(this.random)
    const node = { id: this.nodes.length + 1, host, port, sessions, rack, live: true }
    this.nodes.push(node)
    return node
  }

  /** The node that creates and deletes topics. */
  get controller(): Node {
    return this.nodes.find(({ live }) => live) ?? this.nodes[0]!
  }

  /** The node is down: its partitions go to other replicas, or are led by nobody. */
  stopNode(node: Node): void {
    node.live = false
    node.sessions.clear()
    for (const partition of this.#partitionsOf(node)) {
      if (partition.leader === node.id) this.moveLeader(partition, this.inSync(partition)[0] ?? NO_LEADER)
    }
  }

  /** The node is back, and leads what nobody led. */
  startNode(node: Node): void {
    node.live = true
    for (const partition of this.#partitionsOf(node)) {
      if (partition.leader === NO_LEADER) this.moveLeader(partition, node.id)
    }
  }

  /** The replicas that are up: none ever lags. */
  inSync({ replicas }: Partition): number[] {
    return replicas.filter((id) => this.nodes[id - 1]!.live)
  }

  /** A uuid as Kafka prints it. */
  newUuid(): string {
    const text = Buffer.from(randomUuid(this.random)).toString('base64url')
    // As Kafka: no id starts like a command line option.
    return text.startsWith('-') ? this.newUuid() : text
  }

  /** Makes a topic; names and counts were checked by the caller. Leaders are spread over the nodes. */
  createTopic(name: string, spec: TopicSpec = {}): Topic {
    const topic = new Topic(name, this.newUuid(), spec.configs ?? {})
    this.topics.set(name, topic)
    this.#topicsById.set(topic.id, topic)
    const { assignments, partitions = this.defaultPartitions, replicationFactor = 1 } = spec
    if (assignments !== undefined) for (const replicas of assignments) topic.addPartition(replicas)
    else this.addPartitions(topic, partitions, replicationFactor)
    return topic
  }

  /** Adds `count` partitions. */
  addPartitions(topic: Topic, count: number, replicationFactor = topic.replicationFactor): void {
    for (let added = 0; added < count; added++) {
      const first = this.#nextLeader++
      const replicas = Array.from(
        { length: replicationFactor },
        (_, i) => this.nodes[(first + i) % this.nodes.length]!.id,
      )
      topic.addPartition(replicas)
    }
  }

  /** Deletes a topic; whoever waits for it is told. */
  deleteTopic(topic: Topic): void {
    this.topics.delete(topic.name)
    this.#topicsById.delete(topic.id)
    this.offsets.forgetTopic(topic.name)
    for (const partition of topic.partitions) this.changed(partition)
  }

  /** Whether so many partitions more can be had. */
  hasRoomFor(partitions: number): boolean {
    let count = partitions
    for (const topic of this.topics.values()) count += topic.partitions.length
    return count <= PARTITIONS_MAX
  }

  /** The topic of this id. */
  topicById(id: string): Topic | undefined {
    return this.#topicsById.get(id)
  }

  /** Tells those who wait for the partition; call it once for all that an operation appended. */
  changed(partition: Partition, bytes = 0): void {
    for (const waiter of [...partition.waiters]) waiter.changed(bytes)
  }

  /** 0, or why `node` cannot serve the partition to a client that knows this leader epoch (-1: it knows none). */
  leaderError(node: Node, partition: Partition, currentLeaderEpoch: number): number {
    // The epoch comes first, as in Kafka: a client that is ahead of the broker must not refresh in vain.
    if (currentLeaderEpoch >= 0 && currentLeaderEpoch < partition.leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH
    if (currentLeaderEpoch > partition.leaderEpoch) return ErrorCode.UNKNOWN_LEADER_EPOCH
    return partition.leader === node.id ? ErrorCode.NONE : ErrorCode.NOT_LEADER_OR_FOLLOWER
  }

  /** Gives the partition to another node under the next leader epoch. */
  moveLeader(partition: Partition, nodeId: number, truncateTo?: number): void {
    partition.leader = nodeId
    partition.leaderEpoch++
    if (truncateTo !== undefined) partition.log.truncate(truncateTo)
    partition.log.epochs.begin(partition.leaderEpoch, partition.log.endOffset)
    this.changed(partition)
  }

  /** Appends a marker that ends the producer's transaction in this partition. */
  endTransaction(partition: Partition, producer: ProducerIdentity, outcome: Outcome, coordinatorEpoch = 0): void {
    const { producerId, producerEpoch } = producer
    const timestamp = this.clock.wall()
    const marker = encodeControlBatch({ type: outcome, producerId, producerEpoch, coordinatorEpoch, timestamp })
    partition.log.append(marker, { leaderEpoch: partition.leaderEpoch })
    this.changed(partition, marker.length)
  }

  /** The same for a partition by its name; the offsets of groups have no log here. */
  writeMarker({ topic, partition }: TransactionPartition, producer: ProducerIdentity, outcome: Outcome): void {
    if (topic === OFFSETS_TOPIC) this.offsets.endTransaction(producer.producerId, outcome)
    const found = this.topics.get(topic)?.partitions[partition]
    if (found !== undefined) this.endTransaction(found, producer, outcome)
  }

  /** An id that no producer has. */
  newProducerId(): bigint {
    return this.#nextProducerId++
  }

  #partitionsOf({ id }: Node): Partition[] {
    return [...this.topics.values()]
      .flatMap(({ partitions }) => partitions)
      .filter(({ replicas }) => replicas.includes(id))
  }

  /** Keeps a fault of the broker itself where tests find it. */
  report(error: unknown): void {
    if (this.errors.length === 100) this.errors.shift()
    this.errors.push(error)
  }
}

/** Why a topic name is refused, or undefined: Kafka's rules. */
export function refuseTopicName(name: string): string | undefined {
  if (name === '') return 'Topic name is invalid: the empty string is not allowed'
  if (name === '.' || name === '..') return `Topic name is invalid: '${name}' is not allowed`
  if (name.length > 249)
    return `Topic name is invalid: the length of '${name}' is longer than the max allowed length 249`
  if (!/^[a-zA-Z0-9._-]+$/.test(name)) {
    return `Topic name is invalid: '${name}' contains characters other than ASCII alphanumerics, '.', '_' and '-'`
  }
  return undefined
}
