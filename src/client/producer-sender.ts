// The ways to hand records to a producer: for itself, and within a transaction. [main thread]
import { BufferFull, Closed, InvalidOption, MillraceError } from '../base/errors.ts'
import { untilAborted } from '../base/on-abort.ts'
import { codecId } from '../record/compression/registry.ts'
import type { ResolvedProducerOptions } from './options.ts'
import { type Acks, type Compression, producerOptions } from './options-producer.ts'
import type { SendWay } from './producer-batch.ts'
import { BatchCall } from './producer-batch-call.ts'
import type { ProducerCore } from './producer-core.ts'
import { type Audience, type DeliverySink, NOBODY, type RecordMetadata } from './producer-deliveries.ts'
import type { Outgoing } from './producer-outgoing.ts'
import { notRecord, type ProducerRecord, type SendOptions, type TopicRecord } from './producer-record.ts'
import { type DeliveryReport, type ProducerInterceptor, reportTo } from './producer-report.ts'
import { isPromise, unawaited } from './user-code-failed.ts'

/** Any record: types are checked where users call. */
export type AnyRecord = ProducerRecord<unknown, unknown>

/** What a call may be told, beside how to send. */
export interface SendCallOptions extends SendOptions {
  /**
   * Rejects the promise with the signal's reason. A record that waits is not sent then; one that is in a batch already
   * may be stored all the same.
   */
  readonly signal?: AbortSignal | undefined
}

/** What it sends through. */
export interface SenderHost {
  /** Undefined: the engine is not up yet. */
  readonly core: ProducerCore | undefined
  /** Records that wait for it. */
  early: number
  open(): Promise<ProducerCore>
  readonly options: ResolvedProducerOptions
  readonly onDelivery: ((report: DeliveryReport) => void) | undefined
  readonly interceptors: readonly ProducerInterceptor[]
  /** Code of the user's threw where nobody waits for it. */
  trouble(where: string, thrown: unknown): void
}

/** The transaction that records belong to. */
export interface SenderTransaction {
  readonly number: number
  /** Throws when it takes no records. */
  check(): void
  /** A record was not sent: it cannot be committed any more. */
  failed(error: MillraceError): void
}

const NOT_STORED = { stored: 'not stored' } as const
const NO_OPTIONS: SendCallOptions = {}

/** Hands records over; what it throws or rejects with says whether the record may be stored. */
export class Sender {
  readonly #host: SenderHost
  readonly #transaction: SenderTransaction | undefined
  /** Interceptors, if there are any. */
  readonly #watch: DeliverySink | undefined
  readonly #promised: Audience
  readonly #reported: Audience
  readonly #ways = new Map<string, SendWay>()
  readonly #way: SendWay

  constructor(host: SenderHost, transaction?: SenderTransaction) {
    this.#host = host
    this.#transaction = transaction
    const { onDelivery, interceptors, options } = host
    if (interceptors.length > 0) this.#watch = reportTo((report) => this.#acked(report))
    const watch = this.#watch
    this.#promised = { promised: true, sink: undefined, watch }
    const sink = onDelivery && reportTo((report) => this.#guarded('onDelivery', () => onDelivery(report)))
    this.#reported = sink === undefined && watch === undefined ? NOBODY : { promised: false, sink, watch }
    this.#way = wayOf(options.acks, options.compression)
  }

  /** One record; resolves when it is stored. */
  send(record: AnyRecord, options: SendCallOptions = NO_OPTIONS): Promise<RecordMetadata> {
    const core = this.#openCore
    if (core === undefined) return this.#later((opened) => this.#send(opened, record, options))
    return this.#send(core, record, options)
  }

  /** Many records; resolves when all are stored, to their places in the same order. */
  sendBatch(
    count: number,
    recordAt: (index: number) => AnyRecord,
    options: SendCallOptions = NO_OPTIONS,
  ): Promise<RecordMetadata[]> {
    const core = this.#openCore
    if (core === undefined) return this.#later((opened) => this.#sendBatch(opened, count, recordAt, options))
    return this.#sendBatch(core, count, recordAt, options)
  }

  /** One record, without a promise for what becomes of it; what is returned resolves when it is taken. */
  enqueue(record: AnyRecord, options: SendOptions = NO_OPTIONS): Promise<void> | undefined {
    const core = this.#openCore
    if (core === undefined) return this.#later((opened) => this.#enqueue(opened, record, options))
    return this.#enqueue(core, record, options)
  }

  /** Undefined also while records wait for it that came before. */
  get #openCore(): ProducerCore | undefined {
    return this.#host.early > 0 ? undefined : this.#host.core
  }

  #send(core: ProducerCore, record: AnyRecord, options: SendCallOptions): Promise<RecordMetadata> {
    try {
      this.#transaction?.check()
      options.signal?.throwIfAborted()
      const outgoing = this.#take(core, record, this.#wayOf(options), this.#promised, undefined)
      const { waited } = outgoing
      const promise = waited ? whenStored(outgoing) : outgoing.promise!
      const { signal } = options
      if (signal === undefined) return promise
      return untilAborted(promise, signal, () => {
        if (waited) core.giveUp(outgoing, abortedBy(signal))
      })
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #sendBatch(
    core: ProducerCore,
    count: number,
    recordAt: (index: number) => AnyRecord,
    options: SendCallOptions,
  ): Promise<RecordMetadata[]> {
    let call!: BatchCall
    const promise = new Promise<RecordMetadata[]>((resolve, reject) => {
      this.#transaction?.check()
      options.signal?.throwIfAborted()
      const way = this.#wayOf(options)
      const take = (record: AnyRecord, index: number) => this.#take(core, record, way, audience, index)
      const giveUp = (waiting: Outgoing, error: MillraceError) => core.giveUp(waiting, error)
      call = new BatchCall({ count, recordAt, take, giveUp, resolve, reject })
      const audience: Audience = { promised: false, sink: call, watch: this.#watch }
      core.call(call)
    })
    const { signal } = options
    if (signal === undefined || call === undefined) return promise
    return untilAborted(promise, signal, () => call.stop(abortedBy(signal)))
  }

  #enqueue(core: ProducerCore, record: AnyRecord, options: SendOptions): Promise<void> | undefined {
    this.#transaction?.check()
    const outgoing = this.#take(core, record, this.#wayOf(options), this.#reported, record)
    if (!outgoing.waited) return undefined
    return new Promise((admitted, refused) => {
      outgoing.waiter = { admitted, refused }
    })
  }

  #take(core: ProducerCore, given: AnyRecord, way: SendWay, audience: Audience, about: unknown): Outgoing {
    const transaction = this.#transaction
    const wrong = notRecord(given)
    if (wrong !== undefined) {
      transaction?.failed(wrong)
      throw wrong
    }
    const { watch } = audience
    if (watch === undefined && transaction === undefined) return core.take(given, way, undefined, audience, about)
    const record = watch === undefined ? given : this.#intercepted(given)
    try {
      return core.take(record, way, transaction?.number, audience, about)
    } catch (error) {
      transaction?.failed(error as MillraceError)
      const { topic, partition, timestamp } = record
      const when = timestamp instanceof Date ? timestamp.getTime() : timestamp
      const report = { topic, partition, timestamp: when, offset: undefined, error: error as MillraceError, record }
      if (watch !== undefined) this.#acked(report)
      throw error
    }
  }

  /** Before there is a core: in order, and as bounded as any waiting. */
  #later<T>(run: (core: ProducerCore) => T | Promise<T>): Promise<T> {
    const host = this.#host
    const { maxBlockedRecords } = host.options
    if (host.early >= maxBlockedRecords) {
      const text = `${maxBlockedRecords} records (maxBlockedRecords) wait for the engine to start. Nothing was sent.`
      return Promise.reject(new BufferFull('BUFFER_FULL', text, { ...NOT_STORED, retriable: true }))
    }
    host.early++
    const opening = host.open()
    const settled = () => void host.early--
    opening.then(settled, settled)
    return opening.then(run)
  }

  #wayOf({ acks, compression }: SendOptions): SendWay {
    if (acks === undefined && compression === undefined) return this.#way
    const { options } = this.#host
    if (acks !== undefined) checkOption('acks', acks)
    if (compression !== undefined) checkOption('compression', compression)
    const way = wayOf(acks ?? options.acks, compression ?? options.compression)
    if (way.acks !== this.#way.acks && options.enableIdempotence) {
      const text = `acks: ${acks} for one call does not go with idempotence, which needs 'all'.`
      throw new InvalidOption('INVALID_OPTION', `${text} Set enableIdempotence: false for this producer.`, NOT_STORED)
    }
    const name = `${way.acks} ${way.codec} ${way.level}`
    const known = this.#ways.get(name)
    if (known === undefined) this.#ways.set(name, way)
    return known ?? way
  }

  #intercepted(given: AnyRecord): AnyRecord {
    let record = given
    for (const interceptor of this.#host.interceptors) {
      this.#guarded('onSend of an interceptor', () => {
        const other: unknown = interceptor.onSend?.(record)
        if (isPromise(other)) return tooLate(other)
        record = (other as AnyRecord | undefined) ?? record
        return undefined
      })
    }
    return record
  }

  #acked(report: DeliveryReport): void {
    for (const interceptor of this.#host.interceptors) {
      this.#guarded('onAck of an interceptor', () => interceptor.onAck?.(report))
    }
  }

  #guarded(where: string, step: () => unknown): void {
    unawaited(step, (thrown) => this.#host.trouble(where, thrown))
  }
}

/** The records of a topic for a sender that takes them with their topic. */
export function inTopic(topic: string, record: TopicRecord<unknown, unknown>): AnyRecord {
  return { ...record, topic }
}

/** What is given for one call is looked at as closely as what is given for the producer. */
function checkOption(name: 'acks' | 'compression', given: unknown): void {
  const { accept, expected } = producerOptions[name]
  if (accept(given) !== undefined) return
  const text = `${name} of a call must be ${expected}, not ${JSON.stringify(given)}. Nothing was sent.`
  throw new InvalidOption('INVALID_OPTION', text, NOT_STORED)
}

/** The record is not held up for an interceptor. */
async function tooLate(other: PromiseLike<unknown>): Promise<never> {
  await other
  throw new InvalidOption('INVALID_OPTION', 'onSend must give a record at once, not a promise of one')
}

function wayOf(acks: Acks, compression: Compression): SendWay {
  const { type, level } = typeof compression === 'string' ? { type: compression, level: undefined } : compression
  return { acks: acks === 'all' ? -1 : acks, codec: codecId(type), level }
}

/** What becomes of a record that waits. */
function whenStored(waiting: Outgoing): Promise<RecordMetadata> {
  return new Promise((resolve, reject) => {
    waiting.waiter = { admitted: () => resolve(waiting.promise!), refused: reject }
  })
}

/** What a record is refused with that nobody wants to wait for any more. */
function abortedBy({ reason }: AbortSignal): MillraceError {
  if (reason instanceof MillraceError) return reason
  return new Closed('ABORTED', 'The record was given up: its signal fired.', { cause: reason })
}
