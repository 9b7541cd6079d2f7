// The embedded broker: Kafka's wire protocol on real ports, everything in memory, for tests and demos. [broker]
import { ClosedOnce } from '../base/closed-once.ts'
import { InvalidOption, PartitionNotFound, TopicNotFound } from '../base/errors.ts'
import { formatAddress } from '../base/tcp.ts'
import type { Listener } from '../base/transport.ts'
import type { ApiName, RequestOf } from '../protocol/apis.ts'
import { brokerError } from '../protocol/errors.ts'
import { Cluster, type Node, type TopicSpec } from './cluster.ts'
import { Connection } from './connection.ts'
import type { FaultHook } from './faults.ts'
import { advertisedFeatures } from './features.ts'
import { type Generated, type GenerateOptions, generateEvents } from './generate.ts'
import type { Group } from './groups/group.ts'
import { describeGroup, type GroupDescription } from './groups/group-description.ts'
import { refuseTopic } from './handlers/create-topics.ts'
import { groupCoordinatorOf } from './handlers/find-coordinator.ts'
import { STORED_BYTES_MIN } from './log.ts'
import { type Message, type MessageOptions, messagesOf } from './messages.ts'
import { type BrokerOptions, type CheckedBrokerOptions, checkBrokerOptions } from './options.ts'
import { type SeedItem, type SeedOptions, seedTopic } from './seed.ts'
import { CONNECTIONS_MAX, Server } from './server.ts'
import type { Partition, Topic } from './topic.ts'
import type { TransactionDescription } from './transactions/transaction.ts'
import { advertisedVersions } from './versions.ts'

/** A broker, or a cluster of them, in this process. Start one with `Broker.start()`. */
export class Broker extends ClosedOnce {
  readonly #server: Server
  readonly #options: CheckedBrokerOptions
  /** By node id less one; undefined while the node is down. */
  readonly #listeners: (Listener | undefined)[] = []

  private constructor(server: Server, options: CheckedBrokerOptions) {
    super()
    this.#server = server
    this.#options = options
  }

  /** Listens; resolves when clients can connect. */
  static async start(options: BrokerOptions = {}): Promise<Broker> {
    const checked = checkBrokerOptions(options)
    const { clock, random, partitions, autoCreateTopics, groups } = checked
    const cluster = new Cluster({ clock, random, defaultPartitions: partitions, autoCreateTopics, groups })
    const features = advertisedFeatures(checked.transactionVersion)
    const broker = new Broker(new Server(cluster, advertisedVersions(checked.apiVersions), features), checked)
    try {
      for (let index = 0; index < checked.brokers; index++) await broker.#addNode(index)
    } catch (error) {
      await broker.close()
      throw error
    }
    return broker
  }

  /** `host:port` of the first listener. */
  get address(): string {
    return this.addresses[0]!
  }

  /** `host:port` of every listener, by node id. */
  get addresses(): string[] {
    return this.#server.cluster.nodes.map((node) => formatAddress(node))
  }

  /** What the broker found wrong with itself, the newest 100: empty, or there is a bug in it. */
  get errors(): readonly unknown[] {
    return this.#server.cluster.errors
  }

  /** Connections that are open now. */
  get connectionCount(): number {
    return this.#server.connections.size
  }

  /** Makes a topic; an error when the name is taken or a setting unknown. Default: one replica. */
  createTopic(name: string, spec: TopicSpec = {}): void {
    const { cluster } = this.#server
    const refusal = refuseTopic(cluster, name, spec)
    if (refusal !== undefined) {
      throw brokerError(refusal.errorCode, { what: `createTopic ${name}: ${refusal.errorMessage}`, topic: name })
    }
    cluster.createTopic(name, spec)
  }

  /** Deletes a topic with its records and committed offsets. */
  deleteTopic(name: string): void {
    this.#server.cluster.deleteTopic(this.#topic(name))
  }

  /** The names of all topics. */
  get topics(): string[] {
    return [...this.#server.cluster.topics.keys()]
  }

  /**
   * Appends values, or records in full: a plain object that has a `value` and beside it only `key`, `partition`,
   * `timestamp` or `headers` is a record, anything else is a value (bytes and strings as they are, objects, arrays as
   * JSON). A missing topic is made. Without a codec all is readable before the promise resolves.
   */
  async seed(topic: string, items: Iterable<SeedItem>, options: SeedOptions = {}): Promise<void> {
    await seedTopic(this.#server.cluster, this.#topicOrNew(topic), items, options)
  }

  /** Appends synthetic click events of about 205 bytes, 100,000 distinct ones. A missing topic is made. */
  generate(topic: string, options: GenerateOptions): Promise<Generated> {
    return generateEvents(this.#server.cluster, this.#topicOrNew(topic), options)
  }

  /**
   * The records of a topic, by partition and offset, without markers; with `committed` only those that a read_committed
   * reader may see. An array at once, or a promise of it where a codec is asynchronous (zstd before Node 22.15):
   * `await` serves both.
   */
  messages(topic: string, partition?: number, options: MessageOptions = {}): Message[] | Promise<Message[]> {
    const all = this.#topic(topic).partitions
    return messagesOf(partition === undefined ? all : [this.#partition(topic, partition)], options)
  }

  /** First offset, end offset, last stable offset and leader of a partition. */
  describe(topic: string, partition: number) {
    const { log, leader, leaderEpoch } = this.#partition(topic, partition)
    const { startOffset, endOffset, lastStableOffset } = log
    return { startOffset, endOffset, lastStableOffset, leader, leaderEpoch }
  }

  /**
   * Appends a batch as it is, right or wrong: only its base offset and leader epoch are written. `baseOffset` leaves a
   * hole before it, as compaction does. Returns the base offset.
   */
  append(topic: string, partition: number, batch: Uint8Array, { baseOffset }: { baseOffset?: number } = {}): number {
    if (batch.length < STORED_BYTES_MIN) {
      throw new InvalidOption('INVALID_OPTION', `append: a batch has at least ${STORED_BYTES_MIN} bytes.`)
    }
    const to = this.#partition(topic, partition)
    const stored = to.log.append(batch, { leaderEpoch: to.leaderEpoch, baseOffset })
    this.#server.cluster.changed(to, stored.sizeBytes)
    return stored.baseOffset
  }

  /** Appends the marker that ends a producer's transaction in one partition. */
  endTransaction(
    topic: string,
    partition: number,
    outcome: 'commit' | 'abort',
    producer: { producerId: bigint; producerEpoch: number },
  ): void {
    this.#server.cluster.endTransaction(this.#partition(topic, partition), producer, outcome)
  }

  /** Moves the start of a partition up to `before`. */
  deleteRecords(topic: string, partition: number, before: number): void {
    const from = this.#partition(topic, partition)
    from.log.deleteBefore(before)
    this.#server.cluster.changed(from)
  }

  /** Gives a partition to another node under the next leader epoch; `truncateTo` loses records on the way. */
  moveLeader(topic: string, partition: number, nodeId: number, { truncateTo }: { truncateTo?: number } = {}): void {
    const moved = this.#partition(topic, partition)
    this.#server.cluster.moveLeader(moved, this.#node(nodeId, 'moveLeader').id, truncateTo)
  }

  /** What the coordinator knows of a group; undefined: nothing. */
  group(groupId: string): GroupDescription | undefined {
    const group = this.#server.cluster.groups.get(groupId)
    return group === undefined ? undefined : describeGroup(this.#server.cluster, group)
  }

  /**
   * Has another node coordinate a group, or with `of: 'transaction'` a transactional id; for `loadMs` it answers that
   * it is still loading.
   */
  moveCoordinator(
    key: string,
    nodeId: number,
    { loadMs = 0, of = 'group' }: { loadMs?: number; of?: 'group' | 'transaction' } = {},
  ): void {
    const { groups, transactions } = this.#server.cluster
    const { id } = this.#node(nodeId, 'moveCoordinator')
    if (of === 'group') groups.move(key, id, loadMs)
    else transactions.moves.move(key, id, loadMs)
  }

  /** What the coordinator knows of a transactional id; undefined: nothing. */
  transaction(transactionalId: string): TransactionDescription | undefined {
    const known = this.#server.cluster.transactions.get(transactionalId)
    if (known === undefined) return undefined
    const { state, producerId, producerEpoch, partitions } = known
    return { state, producerId, producerEpoch, partitions: [...partitions.values()] }
  }

  /**
   * From now on the markers of a transaction are written so long after its end was answered, as it takes a real cluster
   * a while; Infinity: when this is called again. Meanwhile its next one hears CONCURRENT_TRANSACTIONS. Default 0.
   */
  delayMarkers(delayMs: number): void {
    this.#server.cluster.transactions.delayMarkers(delayMs)
  }

  /** A node goes down: its port is closed, its partitions go to other replicas, or are led by nobody. */
  async stopNode(nodeId: number): Promise<void> {
    const node = this.#node(nodeId, 'stopNode')
    const listener = this.#listeners[nodeId - 1]
    this.#listeners[nodeId - 1] = undefined
    const groups = this.#groupsOf(node)
    for (const group of groups) group.unload()
    this.#server.cluster.stopNode(node)
    if (this.#server.cluster.controller.live) for (const group of groups) group.load()
    this.#server.disconnectAll(nodeId)
    await listener?.close()
  }

  /** It comes back on its port with what it had, but without fetch sessions. */
  async startNode(nodeId: number): Promise<void> {
    const node = this.#node(nodeId, 'startNode')
    if (this.#listeners[nodeId - 1] !== undefined) return
    await this.#listen(nodeId - 1, node.port)
    this.#server.cluster.startNode(node)
    for (const group of this.#groupsOf(node)) {
      group.unload()
      group.load()
    }
  }

  /** Lets a hook see, and answer otherwise, every request to this API; returns how to take it away. */
  on<A extends ApiName>(api: A, hook: FaultHook<A>): () => void {
    return this.#server.faults.add(api, hook, false)
  }

  /** The same for the next request only. */
  once<A extends ApiName>(api: A, hook: FaultHook<A>): () => void {
    return this.#server.faults.add(api, hook, true)
  }

  /** The next requests to this API fail with a code, and nothing of them takes effect; returns how to end that. */
  fail<A extends ApiName>(
    api: A,
    errorCode: number,
    { times = 1, when = () => true }: { times?: number; when?: (request: RequestOf<A>) => boolean } = {},
  ): () => void {
    let left = times
    const remove = this.on(api, (request) => {
      if (!when(request)) return undefined
      if (--left <= 0) remove()
      return { errorCode }
    })
    return remove
  }

  /** Takes all hooks away, or those of one API. */
  off(api?: ApiName): void {
    this.#server.faults.clear(api)
  }

  /** Cuts every connection, or those to one node. */
  disconnectAll(nodeId?: number): void {
    this.#server.disconnectAll(nodeId)
  }

  /** After so many bytes more from clients (of one node) the connection that brings them is cut, and they are lost. */
  cutAfterReceiving(bytes: number, nodeId?: number): void {
    this.#server.cutAfterReceiving(bytes, nodeId)
  }

  /** Forgets all fetch sessions, as a restart does. */
  forgetSessions(): void {
    for (const { sessions } of this.#server.cluster.nodes) sessions.clear()
  }

  /** Requests take effect, but no answer leaves until `resumeAnswers`. */
  pauseAnswers(): void {
    this.#server.pauseAnswers()
  }

  /** Lets the answers go. */
  resumeAnswers(): void {
    this.#server.resumeAnswers()
  }

  /** Cuts all connections and frees the ports. */
  protected async closeNow(): Promise<void> {
    this.#server.disconnectAll()
    this.#server.resumeAnswers()
    this.#server.cluster.transactions.close()
    this.#server.cluster.groups.close()
    await Promise.all(this.#listeners.map((listener) => listener?.close()))
  }

  async #addNode(index: number): Promise<void> {
    const { port, advertisedHost, racks } = this.#options
    const bound = await this.#listen(index, port === 0 ? 0 : port + index)
    this.#server.cluster.addNode(advertisedHost, bound, racks[index])
  }

  /** Gives the port. */
  async #listen(index: number, port: number): Promise<number> {
    const server = this.#server
    const { transport, host } = this.#options
    const listener = await transport.listen({ host, port }, (socket) => {
      const connection = new Connection(socket, server.cluster.nodes[index]!, server)
      // The newest goes: the others have work in progress.
      if (server.connections.size > CONNECTIONS_MAX) connection.disconnect()
      return connection.events
    })
    this.#listeners[index] = listener
    return listener.address.port
  }

  #node(nodeId: number, what: string): Node {
    const node = this.#server.cluster.nodes.find(({ id }) => id === nodeId)
    if (node !== undefined) return node
    throw new InvalidOption('INVALID_OPTION', `${what}: there is no node ${nodeId}.`)
  }

  #groupsOf(node: Node): Group[] {
    const { cluster } = this.#server
    return cluster.groups.all.filter(({ id }) => groupCoordinatorOf(cluster, id) === node)
  }

  #topicOrNew(name: string): Topic {
    if (!this.#server.cluster.topics.has(name)) this.createTopic(name)
    return this.#topic(name)
  }

  #topic(name: string): Topic {
    const topic = this.#server.cluster.topics.get(name)
    if (topic !== undefined) return topic
    const text = `The embedded broker has no topic ${name}: call createTopic('${name}') or seed it first.`
    throw new TopicNotFound('UNKNOWN_TOPIC_OR_PARTITION', text, { topic: name })
  }

  #partition(topic: string, index: number): Partition {
    const partition = this.#topic(topic).partitions[index]
    if (partition !== undefined) return partition
    const text = `Topic ${topic} of the embedded broker has no partition ${index}.`
    throw new PartitionNotFound('PARTITION_NOT_FOUND', text, { topic, partition: index })
  }
}
