// A producer: records in, batched across calls, and what became of each out again. [main thread]
import { EventEmitter } from 'node:events'
import { InvalidOption, type MillraceError } from '../base/errors.ts'
import { untilAborted } from '../base/on-abort.ts'
import type { ProducerSettings } from '../control/producing.ts'
import type { Sendable, Serializer } from '../delivery/serdes.ts'
import type { Engine } from '../engine/engine.ts'
import type { ProducerSettingsGiven, ResolvedKafkaOptions, ResolvedProducerOptions } from './options.ts'
import { type BatchArguments, batchOf } from './producer-batch-arguments.ts'
import { ProducerCore, producerClosed } from './producer-core.ts'
import type { RecordMetadata } from './producer-deliveries.ts'
import type { ProducerRecord, SendOptions } from './producer-record.ts'
import type { DeliveryReport, ProducerInterceptor } from './producer-report.ts'
import { type SendCallOptions, Sender, type SenderHost } from './producer-sender.ts'
import { ProducerCounts, type ProducerStats } from './producer-stats.ts'
import type { TopicSerializers } from './producer-topic.ts'
import { TopicProducer } from './producer-topic-view.ts'
import { ProducerWritable, type WritableRecordOptions } from './producer-writable.ts'
import { Transaction } from './transaction.ts'
import { userCodeFailed, warn } from './user-code-failed.ts'
import { signalOf, type WaitOptions } from './wait-options.ts'

/** What `kafka.producer` takes. docs/options.md lists the settings. */
export interface ProducerOptions extends ProducerSettingsGiven {
  /** Makes keys bytes, instead of the serde in the `topics` of the Kafka instance. */
  readonly key?: Serializer<never> | undefined
  /** Makes values bytes, instead of the serde in the `topics` of the Kafka instance. */
  readonly value?: Serializer<never> | undefined
  /** Hears what became of each record given to `enqueue`. */
  readonly onDelivery?: ((report: DeliveryReport) => void) | undefined
  /** See every record before it is serialized, and what became of it. */
  readonly interceptors?: readonly ProducerInterceptor[] | undefined
}

/** What a producer is made with. */
export interface ProducerPlan {
  given: ProducerOptions
  options: ResolvedProducerOptions
  kafka: ResolvedKafkaOptions
  engine(): Promise<Engine>
  /** It was closed. */
  closed(producer: Producer<never, never>): void
  /** It can send nothing any more. */
  failed(producer: Producer<never, never>): void
}

/** `close()` drains for so long by default; what is left gets a second more. */
const DRAIN_MS = 3_500

/**
 * Sends records. Idempotent unless told otherwise: nothing is stored twice or out of order, whatever is retried. Errors
 * say what became of the record: `error.stored` is 'not stored' or 'may be stored'.
 *
 * ```ts
 * const producer = kafka.producer({ compression: 'zstd' })
 * const { partition, offset } = await producer.send({ topic: 'events', key: 'a', value: { amount: 3 } })
 * ```
 */
export class Producer<K = Sendable, V = Sendable>
  extends EventEmitter<{ error: [MillraceError] }>
  implements AsyncDisposable
{
  readonly options: ResolvedProducerOptions
  readonly #plan: ProducerPlan
  readonly #host: SenderHost & { core: ProducerCore | undefined }
  readonly #sender: Sender
  #opening: Promise<ProducerCore> | undefined
  #closing: Promise<void> | undefined
  #failure: MillraceError | undefined
  #transaction: Transaction<K, V> | undefined
  #transactionsMade = 0

  /** @internal */
  constructor(plan: ProducerPlan) {
    super()
    this.#plan = plan
    this.options = plan.options
    const { onDelivery, interceptors = [] } = plan.given
    checkHooks(plan.given)
    this.#host = {
      core: undefined,
      early: 0,
      open: () => this.#open(),
      ...{ options: plan.options, onDelivery, interceptors },
      trouble: (where, thrown) => this.#trouble(where, thrown),
    }
    this.#sender = new Sender(this.#host)
  }

  /** One record; resolves when it is stored, to where. Records sent meanwhile share its batch. */
  send(record: ProducerRecord<K, V>, options?: SendCallOptions): Promise<RecordMetadata> {
    const refusal = this.#refusal()
    return refusal === undefined ? this.#sender.send(record, options) : Promise.reject(refusal)
  }

  /**
   * Many at once: plain values for one topic, or records, for any. Resolves when all are stored, to their places in the
   * same order; rejects once all are settled, with `BatchNotDelivered` and a report for each where only some failed.
   */
  sendBatch(topic: string, values: readonly (V | null)[], options?: SendCallOptions): Promise<RecordMetadata[]>
  sendBatch(records: readonly ProducerRecord<K, V>[], options?: SendCallOptions): Promise<RecordMetadata[]>
  async sendBatch(...given: readonly unknown[]): Promise<RecordMetadata[]> {
    const refusal = this.#refusal()
    if (refusal !== undefined) throw refusal
    const { count, recordAt, options } = batchOf(given as BatchArguments)
    return this.#sender.sendBatch(count, recordAt, options)
  }

  /**
   * One record, without a promise for what becomes of it: `onDelivery` is told. Undefined: it was taken. Otherwise the
   * buffer is full, or the topic not known yet: await what is returned before the next one. Throws when the record
   * cannot be sent at all.
   */
  enqueue(record: ProducerRecord<K, V>, options?: SendOptions): Promise<void> | undefined {
    const refusal = this.#refusal()
    if (refusal !== undefined) throw refusal
    return this.#sender.enqueue(record, options)
  }

  /** The same for one topic. */
  topic(name: string): TopicProducer<K, V> {
    return new TopicProducer<K, V>(this, name)
  }

  /**
   * Sends what is waiting, without lingering; resolves when all that was given before is settled. Rejects when
   * enqueued records failed and there is no `onDelivery`; or when `signal` fires, which ends nothing but the wait.
   */
  async flush({ signal }: { signal?: AbortSignal | undefined } = {}): Promise<void> {
    signal?.throwIfAborted()
    const settled = this.#settled()
    await (signal === undefined ? settled : untilAborted(settled, signal))
    this.#host.core?.throwUnheard()
  }

  /** A stream in object mode that takes records, or values for `topic`. It ends when all are delivered. */
  toWritable(options: WritableRecordOptions = {}): ProducerWritable<K, V> {
    return new ProducerWritable<K, V>(this, options)
  }

  /**
   * Begins a transaction; needs `transactionalId`. `kafka.transaction` commits and aborts by itself.
   *
   * ```ts
   * const tx = await producer.beginTransaction()
   * await tx.send({ topic: 'events', value })
   * await tx.commit() // or tx.abort()
   * ```
   */
  async beginTransaction(options?: WaitOptions): Promise<Transaction<K, V>> {
    const signal = signalOf('beginTransaction', options)
    const { transactionalId } = this.options
    if (transactionalId === undefined) {
      throw new InvalidOption('NOT_TRANSACTIONAL', 'A producer needs a transactionalId to begin a transaction.')
    }
    if (this.#failure ?? this.#closing) throw this.#failure ?? producerClosed('not stored')
    if (this.#transaction?.isOpen === true) {
      throw new InvalidOption('TRANSACTION_OPEN', `The last transaction of ${transactionalId} has not ended yet.`)
    }
    const transaction = new Transaction<K, V>({
      number: ++this.#transactionsMade,
      transactionalId,
      host: this.#host,
      timeoutMs: this.#plan.kafka.defaultApiTimeoutMs,
    })
    this.#transaction = transaction
    await untilAborted(transaction.begin(), signal, () => void transaction.abort().catch(() => undefined))
    return transaction
  }

  /** @internal Resolves when the last transaction has ended. */
  async finish(): Promise<void> {
    await this.#transaction?.finish().catch(() => undefined)
  }

  /** What was sent, and how. */
  stats(): ProducerStats {
    return this.#host.core?.stats() ?? new ProducerCounts(this.options.batchBytes).snapshot(this.#host.early, 0)
  }

  /**
   * Takes no more records, waits until what it has is stored, at most `timeoutMs` (3500), and gives the rest up: their
   * errors say whether they may be stored. Settles within 5 s by default. Rejects as `flush` does.
   */
  close({ timeoutMs = DRAIN_MS }: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(timeoutMs: number): Promise<void> {
    try {
      const core = await this.#opening?.catch(() => undefined)
      const leftMs =
        this.#transaction?.isOpen === true ? await core?.atMost(timeoutMs, this.#transaction.finish()) : timeoutMs
      await core?.close(leftMs ?? 0)
      core?.throwUnheard()
    } finally {
      this.#plan.closed(this as unknown as Producer<never, never>)
    }
  }

  async #settled(): Promise<void> {
    const core = this.#host.early > 0 ? await this.#open() : this.#host.core
    await core?.settle()
  }

  #refusal(): MillraceError | undefined {
    if (this.#failure !== undefined) return this.#failure
    if (this.#closing !== undefined) return producerClosed('not stored')
    if (this.options.transactionalId === undefined) return undefined
    const text =
      'A producer with a transactionalId sends within transactions: use kafka.transaction or beginTransaction.'
    return new InvalidOption('NO_TRANSACTION', text, { stored: 'not stored' })
  }

  #open(): Promise<ProducerCore> {
    this.#opening ??= this.#openCore().catch((error) => {
      // Whoever sends next tries again.
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #openCore(): Promise<ProducerCore> {
    const { options, kafka, engine, given } = this.#plan
    const core = new ProducerCore({
      engine: await engine(),
      options,
      settings: settingsOf(options, kafka),
      defaultApiTimeoutMs: kafka.defaultApiTimeoutMs,
      serializersOf: (topic) => serializersOf(given, kafka.topics?.[topic]),
      failed: (error) => {
        this.#failure ??= error
        this.#plan.failed(this as unknown as Producer<never, never>)
      },
      transactionFailed: (number, error) => {
        if (this.#transaction?.number === number) this.#transaction.failed(error)
      },
    })
    this.#host.core = core
    return core
  }

  /** Neither a listener's fault nor an interceptor's may stop the producer: it is told where somebody listens. */
  #trouble(where: string, thrown: unknown): void {
    const error = userCodeFailed(where, thrown)
    if (this.listenerCount('error') > 0) this.emit('error', error)
    else if (this.#plan.kafka.logger !== undefined) this.#plan.kafka.logger.warn(error.message, { error: thrown })
    else warn(error)
  }
}

function checkHooks({ key, value, onDelivery, interceptors }: ProducerOptions): void {
  for (const [name, serializer] of Object.entries({ key, value })) {
    if (serializer === undefined || typeof serializer?.serialize === 'function') continue
    throw new InvalidOption('INVALID_OPTION', `${name} must be a serializer: json(), string(), or one of your own.`)
  }
  if (onDelivery !== undefined && typeof onDelivery !== 'function') {
    throw new InvalidOption('INVALID_OPTION', 'onDelivery must be a function.')
  }
  if (interceptors !== undefined && !Array.isArray(interceptors)) {
    throw new InvalidOption('INVALID_OPTION', 'interceptors must be an array of { onSend, onAck }.')
  }
}

/** A serde in the `topics` of the instance counts when it can write. */
function serializersOf(
  given: ProducerOptions,
  topic: { key?: unknown; value?: unknown } | undefined,
): TopicSerializers {
  const writes = (serde: unknown) =>
    typeof (serde as Serializer<never> | undefined)?.serialize === 'function' ? (serde as Serializer<never>) : undefined
  return { key: given.key ?? writes(topic?.key), value: given.value ?? writes(topic?.value) }
}

function settingsOf(options: ResolvedProducerOptions, kafka: ResolvedKafkaOptions): ProducerSettings {
  const { acks, enableIdempotence, transactionalId, transactionTimeoutMs } = options
  const { maxInFlight, connectionsPerBroker, retries, maxRequestBytes } = options
  const { requestTimeoutMs, retryBackoffMs, retryBackoffMaxMs } = kafka
  return {
    acks: acks === 'all' ? -1 : acks,
    idempotent: enableIdempotence,
    ...{ transactionalId, transactionTimeoutMs, maxInFlight, connectionsPerBroker },
    ...{ requestTimeoutMs, retries, retryBackoffMs, retryBackoffMaxMs, maxRequestBytes },
  }
}
