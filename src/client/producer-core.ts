// The inside of a producer, once its engine runs: from records to batches, and from reports to whoever waits.
// [main thread]
import { atMost } from '../base/at-most.ts'
import type { Timer } from '../base/clock.ts'
import { Closed, fromWire, InvalidOption, MillraceError, type Stored, Timeout, toWire } from '../base/errors.ts'
import type { BatchReport, ProducerCall, ProducerSettings } from '../control/producing.ts'
import type { Engine } from '../engine/engine.ts'
import type { ProducerLine } from '../engine/producers.ts'
import type { ResolvedProducerOptions } from './options.ts'
import { makePartitioner } from './partitioner.ts'
import { Accumulator } from './producer-accumulator.ts'
import type { ProducerBatch, SendWay } from './producer-batch.ts'
import type { BatchCall } from './producer-batch-call.ts'
import type { Audience } from './producer-deliveries.ts'
import { Intake } from './producer-intake.ts'
import { ProducerMemory } from './producer-memory.ts'
import { Outgoing } from './producer-outgoing.ts'
import { headersToWrite, keyToWrite, type ProducerRecord, timestampToWrite, valueToWrite } from './producer-record.ts'
import { ProducerCounts, type ProducerStats } from './producer-stats.ts'
import { TopicQueue, type TopicSerializers } from './producer-topic.ts'

/** What it is made with. */
export interface CoreParts {
  engine: Engine
  options: ResolvedProducerOptions
  settings: ProducerSettings
  defaultApiTimeoutMs: number
  serializersOf(topic: string): TopicSerializers
  /** Nothing can be sent any more. */
  failed(error: MillraceError): void
  /** A record of that transaction was not stored. */
  transactionFailed(transaction: number, error: MillraceError): void
}

/** The I/O thread reports each batch by its deadline; main waits this much longer before it gives up on the report. */
const GRACE_MS = 500
const WATCH_MS = 250
/** What the I/O thread gets to let go of all memory. */
const CLOSE_LINE_MS = 1_000
/** Records that share one look at the clock. */
const TIMES_MAX = 64

/** Takes records and tells what became of them. */
export class ProducerCore {
  readonly counts: ProducerCounts
  readonly line: ProducerLine
  readonly #parts: CoreParts
  readonly #memory: ProducerMemory
  readonly #accumulator: Accumulator
  readonly #intake: Intake
  readonly #topics = new Map<string, TopicQueue>()
  #topic: TopicQueue | undefined
  /** Free to be used; while user code runs it is not: that may send as well. */
  #scratch: Outgoing | undefined
  /** Those that have not handed over all of their records yet. */
  readonly #calls = new Set<BatchCall>()
  /** What the clock showed, and how often that was used. */
  #timeMs = 0
  #sinceAsked = 0
  #dead: MillraceError | undefined
  #watch: Timer | undefined
  /** Resolves when nothing is on its way; there is one while something is. */
  #idle: { done: Promise<void>; resolve: () => void } | undefined
  /** Failures of records that nobody waits for. */
  #unheard: { count: number; first: MillraceError } | undefined

  constructor(parts: CoreParts) {
    this.#parts = parts
    const { engine, options, settings } = parts
    const { clock } = engine
    this.counts = new ProducerCounts(options.batchBytes)
    this.#memory = new ProducerMemory(options.bufferMemoryBytes)
    this.#accumulator = new Accumulator({
      memory: this.#memory,
      clock,
      batchBytes: Math.min(options.batchBytes, options.maxRequestBytes),
      lingerMs: options.lingerMs,
      deliveryTimeoutMs: options.deliveryTimeoutMs,
      maxInFlight: options.maxInFlight,
      send: (batches) => this.#send(batches),
    })
    const { partitioner } = options
    this.#intake = new Intake({
      accumulator: this.#accumulator,
      memory: this.#memory,
      clock,
      settings: options,
      choose: typeof partitioner === 'function' ? partitioner : undefined,
      askTopic: (name) => this.#askTopic(name),
      refused: ({ transaction }, error) => {
        if (transaction !== undefined) this.#parts.transactionFailed(transaction, error)
      },
    })
    this.line = engine.producers.open(settings, this.#memory.buffer, {
      produced: (reports, freed) => this.#produced(reports, freed),
      partitionsChanged: (topics) => {
        for (const { topic, partitions } of topics) this.#topics.get(topic)?.resize(partitions)
      },
      failed: (error) => this.#fail(error),
      died: (error) => this.#die(error),
    })
  }

  /**
   * Takes a record. If it `waited`, what is returned may be given a `waiter`; otherwise it is in a batch, and what is
   * returned is to be looked at now only. Throws when it cannot be sent at all; nothing was done then.
   */
  take(
    record: ProducerRecord<unknown, unknown>,
    way: SendWay,
    transaction: number | undefined,
    audience: Audience,
    about: unknown,
  ): Outgoing {
    if (this.#dead !== undefined) throw this.#dead
    const { topic: name, headers, timestamp } = record
    const outgoing = this.#scratch ?? new Outgoing()
    this.#scratch = undefined
    const last = this.#topic
    const topic = last !== undefined && last.name === name ? last : this.#topicOf(name)
    const { serializers } = topic
    outgoing.reset()
    outgoing.topic = topic
    outgoing.partition = record.partition
    outgoing.key = record.key === undefined ? null : keyToWrite(record.key, serializers.key, name)
    outgoing.value = valueToWrite(record.value, serializers.value, name)
    outgoing.headers = headersToWrite(headers, name)
    outgoing.timestamp = timestamp === undefined ? this.#now() : timestampToWrite(timestamp, name)
    outgoing.way = way
    outgoing.transaction = transaction
    outgoing.record = record
    outgoing.audience = audience
    outgoing.about = about
    outgoing.waited = !this.#intake.offer(outgoing)
    if (this.#idle === undefined) this.#begin()
    if (!outgoing.waited) this.#scratch = outgoing
    return outgoing
  }

  /** Asks the I/O thread, also while the Kafka instance is being closed; nothing is sent when nothing can be. */
  async ask(call: ProducerCall, timeoutMs: number): Promise<unknown> {
    if (this.#dead !== undefined) throw this.#dead
    return this.#parts.engine.call(call, { timeoutMs })
  }

  /** A record that waits is not to be sent after all. */
  giveUp(record: Outgoing, error: MillraceError): void {
    if (!record.left) this.#intake.refuse(record, error)
  }

  /** A call of `sendBatch`: `settle` waits until it has handed over all of its records. */
  call(call: BatchCall): void {
    this.#calls.add(call)
    call.start(() => this.#calls.delete(call))
  }

  /** Seals all batches; resolves when it is known what became of everything that was taken before. */
  async settle(): Promise<void> {
    this.#accumulator.sealAll()
    await Promise.all([...this.#calls].map((call) => call.handedOver))
    await Promise.all(this.#intake.waiting().map(leaving))
    this.#accumulator.sealAll()
    await Promise.all(this.#accumulator.unsettled().map(settling))
  }

  /** What waits is not sent any more, and no batch takes more records. */
  abandon(error: MillraceError): void {
    this.#intake.refuseAll(error)
    this.#accumulator.sealAll()
  }

  /** Throws when records failed that nobody waited for, once. */
  throwUnheard(): void {
    const unheard = this.#unheard
    this.#unheard = undefined
    if (unheard === undefined) return
    const { count, first } = unheard
    const text = `${count} enqueued records were not delivered, and no onDelivery was there to hear of it; the first: `
    throw new MillraceError('NOT_DELIVERED', text + first.message, { ...first, cause: first })
  }

  stats(): ProducerStats {
    return this.counts.snapshot(this.#intake.waitingCount, this.#memory.sizeBytes - this.#memory.freeBytes)
  }

  /** Waits for the end of something, at most so long; returns what is left of the time. */
  async atMost(limitMs: number, pending: Promise<unknown>): Promise<number> {
    const { engine } = this.#parts
    const endMs = engine.clock.now() + limitMs
    const ended = pending.catch(() => undefined)
    await engine.holding(atMost(engine.clock, limitMs, ended))
    return Math.max(0, endMs - engine.clock.now())
  }

  /** Waits until all is sent, at most `drainMs`; gives the rest up. Settles soon after. */
  async close(drainMs: number): Promise<void> {
    const { engine } = this.#parts
    this.#accumulator.sealAll()
    if (this.#idle !== undefined && drainMs > 0) await this.atMost(drainMs, this.#idle.done)
    // Not before: a call of `sendBatch` may still have records to hand over.
    this.#dead ??= producerClosed('not stored')
    this.#intake.refuseAll(this.#dead)
    this.#accumulator.sealAll()
    let answered = false
    const closing = engine.call({ op: 'closeProducer', producer: this.line.id }, { timeoutMs: CLOSE_LINE_MS })
    // A call that hangs has a longer limit than that.
    await this.atMost(
      CLOSE_LINE_MS,
      closing.then(() => void (answered = true)),
    )
    // What the I/O thread had it has reported by now: a worker may still have the rest, and nobody takes it any more.
    this.#giveUpAll(producerClosed(answered ? 'not stored' : 'may be stored'), producerClosed('not stored'))
    this.line.forget()
    this.#accumulator.stop()
    this.#watch?.cancel()
  }

  /** The time, asked once for a few records given in one go: to ask costs as much as to write a small record. */
  #now(): number {
    if (this.#sinceAsked++ % TIMES_MAX === 0) {
      if (this.#sinceAsked === 1) queueMicrotask(this.#forgetTime)
      this.#timeMs = this.#parts.engine.clock.wall()
    }
    return this.#timeMs
  }

  #forgetTime = (): void => {
    this.#sinceAsked = 0
  }

  #topicOf(name: string): TopicQueue {
    let topic = this.#topics.get(name)
    if (topic === undefined) {
      if (typeof name !== 'string' || name === '') throw noTopic(name)
      const { options, engine, serializersOf } = this.#parts
      const { partitioner, batchBytes, partitionerAdaptivePartitioningEnable: adaptive } = options
      const settings = { batchBytes, adaptive, random: engine.random }
      const chooses = typeof partitioner === 'function' ? undefined : makePartitioner(partitioner, settings)
      topic = new TopicQueue(name, this.#memory, serializersOf(name), chooses)
      this.#topics.set(name, topic)
    }
    this.#topic = topic
    return topic
  }

  async #askTopic(name: string): Promise<number> {
    const { engine, defaultApiTimeoutMs, options } = this.#parts
    const timeoutMs = Math.min(defaultApiTimeoutMs, options.maxBlockMs)
    try {
      const [known] = await engine.call({ op: 'topics', topics: [name] }, { timeoutMs })
      return known!.partitions
    } catch (error) {
      throw withStored(error as MillraceError, 'not stored')
    }
  }

  #send(batches: ProducerBatch[]): void {
    const plain = batches.filter(({ way }) => way.codec === 0)
    const compressed = batches.filter(({ way }) => way.codec !== 0)
    if (plain.length > 0) this.line.produce(plain.map((batch) => batch.message()))
    if (compressed.length > 0) {
      this.line.compress(compressed.map((batch) => ({ batch: batch.message(), level: batch.way.level })))
    }
  }

  #produced(reports: BatchReport[], freed: number[]): void {
    for (const report of reports) {
      const batch = this.#accumulator.settle(report.id)
      if (batch === undefined) continue
      this.counts.count(batch, report)
      const error = report.error === undefined ? undefined : fromWire(report.error)
      if (report.parts !== undefined) this.#note(batch, error, batch.inParts(report.parts))
      else if (error !== undefined) this.#failed(batch, error)
      else batch.delivered(report.baseOffset, report.logAppendTime)
    }
    for (const id of freed) this.#accumulator.freed(id)
    if (freed.length > 0) this.#intake.roomMade()
    this.#endIfIdle()
  }

  #failed(batch: ProducerBatch, error: MillraceError): void {
    this.#note(batch, error, batch.failed(error))
  }

  #note(batch: ProducerBatch, error: MillraceError | undefined, unheard: number): void {
    if (error === undefined) return
    if (batch.transaction !== undefined) return this.#parts.transactionFailed(batch.transaction, error)
    if (unheard === 0) return
    if (this.#unheard === undefined) this.#unheard = { count: unheard, first: error }
    else this.#unheard.count += unheard
  }

  #fail(error: MillraceError): void {
    this.#dead ??= withStored(error, 'not stored')
    this.#intake.refuseAll(this.#dead)
    this.#accumulator.sealAll()
    this.#parts.failed(this.#dead)
  }

  /** No report comes any more. */
  #die(error: MillraceError): void {
    this.#dead ??= withStored(error, 'not stored')
    this.#intake.refuseAll(this.#dead)
    this.#giveUpAll(withStored(error, 'may be stored'), this.#dead)
    this.#accumulator.stop()
    this.#watch?.cancel()
    this.#parts.failed(this.#dead)
  }

  #giveUpAll(handedOut: MillraceError, open: MillraceError): void {
    for (const batch of this.#accumulator.unsettled()) this.#giveUp(batch, batch.sealed ? handedOut : open)
    this.#endIfIdle()
  }

  #giveUp(batch: ProducerBatch, error: MillraceError): void {
    this.#accumulator.settle(batch.id)
    this.counts.failed(batch.count)
    this.#failed(batch, error)
  }

  /** The process stays up while something is on its way, and nothing may be for ever. */
  #begin(): void {
    let resolve = () => {}
    const done = new Promise<void>((end) => {
      resolve = end
    })
    this.#idle = { done, resolve }
    void this.#parts.engine.holding(done)
    this.#watch = this.#parts.engine.clock.after(WATCH_MS, this.#look)
  }

  #endIfIdle(): void {
    if (this.#idle === undefined || this.#accumulator.isSettled === false || this.#intake.waitingCount > 0) return
    this.#watch?.cancel()
    this.#idle.resolve()
    this.#idle = undefined
  }

  /** A report that is overdue does not come any more. */
  #look = (): void => {
    const { clock } = this.#parts.engine
    for (const batch of this.#accumulator.unsettled()) {
      if (clock.now() < batch.deadlineMs + GRACE_MS) continue
      const { topic, partition } = batch.queue
      const text = `Nothing is known of a batch for ${topic}-${partition} at the end of deliveryTimeoutMs.`
      const stored = batch.sealed ? 'may be stored' : 'not stored'
      this.#giveUp(batch, new Timeout('DELIVERY_TIMED_OUT', text, { topic, partition, stored }))
    }
    this.#watch = clock.after(WATCH_MS, this.#look)
    this.#endIfIdle()
  }
}

const leaving = (record: Outgoing) => new Promise<void>((left) => (record.whenLeft ??= []).push(left))
const settling = (batch: ProducerBatch) => new Promise<void>((done) => (batch.whenSettled ??= []).push(done))

function noTopic(given: unknown): InvalidOption {
  const text = `A record needs a topic, which is text; ${String(given) || 'an empty one'} was given. Nothing was sent.`
  return new InvalidOption('INVALID_TOPIC', text, { stored: 'not stored' })
}

/** The error that says that a producer was closed. */
export function producerClosed(stored: Stored): Closed {
  return new Closed('PRODUCER_CLOSED', 'This producer was closed.', { stored })
}

function withStored(error: MillraceError, stored: Stored): MillraceError {
  return error.stored === stored ? error : fromWire({ ...toWire(error), stored })
}
