// The client: options, one engine started when first needed, and everything that is made from it. [main thread]
import { Closed } from '../base/errors.ts'
import type { Deserializer, Sendable, Serializer } from '../delivery/serdes.ts'
import { Engine, type EngineParts } from '../engine/engine.ts'
import { Admin } from './admin.ts'
import { CompactedTopicConsumer } from './compacted-topic-consumer.ts'
import { Consumer } from './consumer.ts'
import { Events, type KafkaEvents } from './events.ts'
import { Iteration } from './iteration.ts'
import { planTopics, type TopicsArgument } from './iteration-spec.ts'
import {
  type ConsumerOptions,
  type IterateOptions,
  type KafkaOptions,
  type ResolvedKafkaOptions,
  refuseWhatIsNotThereYet,
  resolveOptions,
} from './options.ts'
import { PartitionCount } from './partition-count.ts'
import type { Producer, ProducerOptions } from './producer.ts'
import { ProducerPool, type TransactionOptions } from './producer-pool.ts'
import type { ConsumerTableOptions, TableOptions } from './table-options.ts'
import { tableSource } from './table-source.ts'
import type { Transaction } from './transaction.ts'

/** How the roles are started; the wiring decides whether on threads or inline. */
export type StartEngine = (options: ResolvedKafkaOptions) => EngineParts | Promise<EngineParts>

/** What consumers get for their end: handlers 1.5 s, the last commit 1 s; what they read from ends with the engine. */
const CLOSE_CONSUMERS_MS = 4_500
const CLOSE_CONSUMERS_WAIT_MS = 3_000
/** What producers get to send what they have; a second more to let go. */
const DRAIN_PRODUCERS_MS = 2_000

/** What `iterate` and `consumer` give for its deserializers: `Buffer | null` where there is none. */
type Read<O, P extends 'key' | 'value'> = O extends { [N in P]: Deserializer<infer T> } ? T : Buffer | null

/** What a producer takes for its serializers: what goes as it is where there is none. */
type Written<O, P extends 'key' | 'value'> = O extends { [N in P]: Serializer<infer T> } ? T : Sendable

/** `Kafka` without a wiring; users get it bound to one, as `Kafka`. */
export class KafkaClient implements AsyncDisposable {
  /** The options in force, complete. */
  readonly options: ResolvedKafkaOptions
  /** Topics: made, grown, listed, described, deleted. */
  readonly admin: Admin
  readonly #start: StartEngine
  readonly #consumers = new Set<Consumer<unknown, unknown>>()
  readonly #events: Events
  readonly #producers: ProducerPool
  #engine: Promise<Engine> | undefined
  #closing: Promise<void> | undefined

  constructor(options: KafkaOptions, start: StartEngine) {
    this.options = resolveOptions('kafka', options)
    this.#start = start
    this.#events = new Events(this.options.logger)
    this.#producers = new ProducerPool(
      this.options,
      () => this.engine(),
      () => this.#engine ?? this.engine(),
    )
    this.admin = new Admin(() => this.engine(), this.options.defaultApiTimeoutMs)
  }

  /**
   * Tells what connections and brokers are doing; returns how to stop that. The option `logger` hears of it as well.
   *
   * ```ts
   * kafka.on('disconnected', ({ broker, error }) => console.warn(broker, error?.message))
   * ```
   */
  on<N extends keyof KafkaEvents>(name: N, listener: (event: KafkaEvents[N]) => void): () => void {
    return this.#events.on(name, listener)
  }

  /**
   * Reads topics without a group: every partition from its beginning to the end it has now, unless told otherwise.
   *
   * ```ts
   * for await (const record of kafka.iterate('events')) …
   * kafka.iterate(['events', 'users'])
   * kafka.iterate({ events: { from: -100 }, users: { partitions: { 0: 10, 5: 'latest' } } }, { until: 'never' })
   * ```
   */
  iterate<const O extends IterateOptions = Record<never, never>>(
    topics: TopicsArgument,
    options?: O,
  ): Iteration<Read<O, 'key'>, Read<O, 'value'>> {
    const plan = planTopics(topics)
    const resolved = resolveOptions('iterate', options ?? {}, this.options)
    return new Iteration({
      topics: plan,
      options: resolved,
      engine: () => this.engine(),
      defaultApiTimeoutMs: this.options.defaultApiTimeoutMs,
      serdesOf: (topic) => this.options.topics?.[topic] ?? {},
    })
  }

  /**
   * A compacted topic as a table: all that is there, then kept up to date; without a group, or from a consumer.
   *
   * ```ts
   * const profiles = kafka.table('profiles', { key: string(), value: json<Profile>() })
   * await profiles.ready
   * profiles.get('user-123')
   * ```
   */
  table<K, V>(
    topic: string,
    options: ConsumerTableOptions<K, V>,
  ): CompactedTopicConsumer<NonNullable<K>, NonNullable<V>>
  table<const O extends TableOptions = Record<never, never>>(
    topic: string,
    options?: O & TableOptions,
  ): CompactedTopicConsumer<NonNullable<Read<O, 'key'>>, NonNullable<Read<O, 'value'>>>
  table(topic: string, given: object = {}): unknown {
    const options = given as TableOptions | ConsumerTableOptions<unknown, unknown>
    const { metadataMaxAgeMs: everyMs, defaultApiTimeoutMs: timeoutMs } = this.options
    const source = tableSource(topic, options, {
      iterate: (topics, bounds) => this.iterate(topics, bounds),
      partitionCount: (of) => new PartitionCount({ topic: of, everyMs, timeoutMs, engine: () => this.engine() }),
      clock: async () => (await this.engine()).clock,
    })
    return new CompactedTopicConsumer<unknown, unknown>(topic, source, options.onError)
  }

  /**
   * Reads what its group gives to it, or partitions assigned by hand, from where the group left off, and commits what
   * was processed.
   *
   * ```ts
   * const consumer = kafka.consumer({ groupId: 'ingest', topics: ['events'], autoOffsetReset: 'earliest' })
   * await consumer.run({ eachRecord: async (record) => …, concurrency: 8, order: 'key' })
   * ```
   */
  consumer<const O extends ConsumerOptions = Record<never, never>>(
    options?: O,
  ): Consumer<Read<O, 'key'>, Read<O, 'value'>> {
    const { topics, ...rest }: ConsumerOptions = options ?? {}
    const consumer = new Consumer<Read<O, 'key'>, Read<O, 'value'>>({
      options: resolveOptions('consumer', rest, this.options),
      topics,
      metadataMaxAgeMs: this.options.metadataMaxAgeMs,
      engine: () => this.engine(),
      defaultApiTimeoutMs: this.options.defaultApiTimeoutMs,
      letters: this.#producers.deadLetters,
      serdesOf: (topic) => this.options.topics?.[topic] ?? {},
      closed: (one) => this.#consumers.delete(one),
    })
    this.#consumers.add(consumer as unknown as Consumer<unknown, unknown>)
    return consumer
  }

  /**
   * Sends records. With a function, the producer is flushed and closed at its end, also when it throws.
   *
   * ```ts
   * const producer = kafka.producer({ compression: 'zstd', value: json<Order>() })
   * await producer.send({ topic: 'orders', key: 'a', value: { amount: 3 } })
   * await kafka.producer({ lingerMs: 20 }, async (producer) => producer.sendBatch('events', ['a', 'b']))
   * ```
   */
  producer<T>(use: (producer: Producer) => Promise<T> | T): Promise<T>
  producer<const O extends ProducerOptions, T>(
    options: O,
    use: (producer: Producer<Written<O, 'key'>, Written<O, 'value'>>) => Promise<T> | T,
  ): Promise<T>
  producer<const O extends ProducerOptions = ProducerOptions>(
    options?: O,
  ): Producer<Written<O, 'key'>, Written<O, 'value'>>
  producer(given: ProducerOptions | ((producer: never) => unknown) = {}, use?: (producer: never) => unknown): unknown {
    if (typeof given === 'function') return this.#producers.scoped({}, given as () => unknown)
    return use === undefined ? this.#producers.make(given) : this.#producers.scoped(given, use as () => unknown)
  }

  /**
   * Runs a function in a transaction: commits when it returns, aborts when it throws, and throws its error on. Those of
   * one `transactionalId` run one after the other; without one, all of this instance do.
   *
   * ```ts
   * await kafka.transaction(async (tx) => { await tx.send({ topic: 'a', value: '1' }) }, { transactionalId: 'etl-1' })
   * ```
   */
  transaction<T, const O extends TransactionOptions = TransactionOptions>(
    run: (transaction: Transaction<Written<O, 'key'>, Written<O, 'value'>>) => Promise<T> | T,
    options?: O,
  ): Promise<T> {
    return this.#producers.transaction(run as (transaction: Transaction<never, never>) => T, options ?? {})
  }

  /** Connects now instead of at the first use: fails fast when no broker can be reached. */
  async connect({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    const engine = await this.engine()
    await engine.call({ op: 'topics', topics: [] }, { timeoutMs: this.options.defaultApiTimeoutMs, signal })
  }

  /** Share of time each thread was busy since its start, 0 to 1, by name; empty before the first use and inline. */
  async busy(): Promise<Record<string, number>> {
    return this.#engine === undefined ? {} : (await this.#engine).busy()
  }

  /** @internal The engine, started at the first call. */
  engine(): Promise<Engine> {
    if (this.#closing !== undefined) {
      return Promise.reject(new Closed('CLOSED', 'This Kafka instance was closed; make a new one.'))
    }
    this.#engine ??= this.#startEngine().catch((error) => {
      // Whoever needs it next tries again.
      this.#engine = undefined
      throw error
    })
    return this.#engine
  }

  /** Ends everything that runs: calls and loops over topics reject with `Closed`, consumers close. Within 5 s. */
  close(): Promise<void> {
    // Consumers and producers first: last commits and last batches need the engine.
    this.#closing ??= Promise.all([
      this.#closeConsumers().then(() => this.#producers.closeLetters()),
      this.#producers.close(DRAIN_PRODUCERS_MS),
    ]).then(() => this.#close())
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #startEngine(): Promise<Engine> {
    refuseWhatIsNotThereYet(this.options)
    const engine = new Engine(await this.#start(this.options))
    engine.onEvent = (name, detail) => this.#events.tell(name, detail)
    return engine
  }

  async #closeConsumers(): Promise<void> {
    const engine = await this.#engine?.catch(() => undefined)
    if (engine === undefined || this.#consumers.size === 0) return
    // What could not be committed is read again; whoever must know closes the consumer.
    const closing = [...this.#consumers].map((consumer) => consumer.close({ timeoutMs: CLOSE_CONSUMERS_MS }))
    const closed = new Promise<void>((resolve) => {
      const timer = engine.clock.after(CLOSE_CONSUMERS_WAIT_MS, resolve)
      void Promise.allSettled(closing).then(() => {
        timer.cancel()
        resolve()
      })
    })
    await engine.holding(closed)
  }

  async #close(): Promise<void> {
    const engine = await this.#engine?.catch(() => undefined)
    await engine?.holding(engine.close())
  }
}
