// `kafka.iterate`: topics read without a group, record by record or batch by batch. [main thread]
import type { Readable } from 'node:stream'
import { Closed } from '../base/errors.ts'
import { unlessAborted } from '../base/on-abort.ts'
import type { Batch } from '../delivery/batch.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import type { Engine } from '../engine/engine.ts'
import { engineStats } from '../engine/engine-stats.ts'
import { BatchStream, type Pulled, type StreamSettings } from './batch-stream.ts'
import { FlowReadable } from './flow-readable.ts'
import { IterationSource } from './iteration-source.ts'
import type { TopicPlan } from './iteration-spec.ts'
import { findStart } from './iteration-start.ts'
import { findLastRecords } from './last-records.ts'
import type { ResolvedIterateOptions } from './options.ts'
import type { PartitionProgress } from './partition-reader.ts'
import { type IterationStats, ReadStats } from './read-stats.ts'
import { RecordCursor } from './record-cursor.ts'
import { type SerdesOf, TopicDecoders } from './topic-decoders.ts'
import { type PollOptions, pollOf } from './wait-options.ts'

/** What an iteration is made with. */
export interface IterationPlan {
  topics: TopicPlan[]
  options: ResolvedIterateOptions
  /** The engine, started at the first pull. */
  engine(): Promise<Engine>
  defaultApiTimeoutMs: number
  serdesOf: SerdesOf
}

/**
 * Topics being read. Nothing happens before the first pull. A loop that is left (`break`, an error) frees what it held;
 * a new loop goes on after the last record that was given. Partitions that failed or were stopped are not read again.
 */
export class Iteration<K = Buffer | null, V = Buffer | null>
  implements AsyncIterable<ConsumerRecord<K, V>>, AsyncDisposable
{
  readonly #plan: IterationPlan
  readonly #stats = new ReadStats()
  readonly #decoders: TopicDecoders
  /** Partitions stopped before the start was known. */
  readonly #stoppedEarly: { topic: string | undefined; partition: number | undefined }[] = []
  #progress: Promise<PartitionProgress[]> | undefined
  #stream: BatchStream | undefined
  #opening: Promise<BatchStream> | undefined
  #engine: Engine | undefined
  #records: RecordCursor<K, V> | undefined
  /** Calls that were under way when a loop was left: they may still have a batch to leave to the next one. */
  #leaving: Promise<unknown> | undefined
  /** Rises whenever what was open is freed: whoever waited for it meanwhile is at its end. */
  #suspensions = 0
  /** Ends the search for the start when nobody waits for it any more. */
  #starting: AbortController | undefined
  /** What ended a `poll` that had records to give: the next one tells. */
  #untold: { error: unknown } | undefined
  readonly #onAbort = () => void this.#suspend()
  #closed = false

  /** @internal */
  constructor(plan: IterationPlan) {
    this.#plan = plan
    this.#decoders = new TopicDecoders(plan.options, plan.serdesOf)
  }

  /** Record by record, each safe to keep. With `until: 'never'` and `idleMs`, `undefined` after so long without one. */
  [Symbol.asyncIterator](): AsyncIterator<ConsumerRecord<K, V>, undefined> {
    let left = false
    return {
      next: () => (left ? Promise.resolve({ done: true, value: undefined }) : this.#cursor().next()),
      return: async () => {
        left = true
        await this.#suspend()
        return { done: true, value: undefined }
      },
    }
  }

  /** Batch by batch: the fast path. The loop releases each batch when it asks for the next one. */
  batches(): AsyncIterableIterator<Batch<K, V>, undefined> {
    const given: Batch<K, V>[] = []
    let left = false
    const release = () => {
      for (const batch of given.splice(0)) batch.release()
    }
    const done = async () => {
      left = true
      release()
      await this.#suspend()
      return { done: true as const, value: undefined }
    }
    const iterator: AsyncIterableIterator<Batch<K, V>, undefined> = {
      next: async () => {
        release()
        if (left) return { done: true, value: undefined }
        // What `poll` left of a batch is read again.
        if (this.#records?.holdsRest) await this.#suspend()
        const pulled = await this.#pull(this.#plan.options.idleMs)
        if (pulled === 'end') return done()
        if (pulled === 'idle') return { done: false, value: undefined as unknown as Batch<K, V> }
        const batch = pulled.batch as Batch<K, V>
        given.push(batch)
        return { done: false, value: batch }
      },
      return: done,
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  /** Up to `max` records: those that are there, or that come within `timeoutMs`. Empty at the end. */
  async poll(options?: PollOptions): Promise<ConsumerRecord<K, V>[]> {
    const { max, timeoutMs, signal } = pollOf('poll', this.#plan.options.maxPollRecords, options)
    const untold = this.#untold
    this.#untold = undefined
    if (untold !== undefined) throw untold.error
    const records = await this.#cursor().take({ max, timeoutMs, ending: signal }, (error) => {
      this.#untold = { error }
    })
    if (records.length === 0) signal?.throwIfAborted()
    return records
  }

  /** Stops one partition, one topic, or all: nothing more of it is given, its memory is freed, fetching it ends. */
  stop(topic?: string, partition?: number): void {
    this.#stoppedEarly.push({ topic, partition })
    this.#stream?.stop((progress) => isStopped(progress, { topic, partition }))
  }

  /** A stream of records in object mode. Idle ticks are left out. */
  toReadable(): Readable {
    return new FlowReadable(new IterationSource({ cursor: () => this.#cursor(), leave: () => this.#suspend() }))
  }

  /** What was read so far; from the first call on how long it took, too. */
  stats(): IterationStats {
    return this.#stats.snapshot(this.#engine && engineStats(this.#engine))
  }

  /** The next offset of each partition, once the start is known. */
  async positions(): Promise<{ topic: string; partition: number; offset: number; end: number | undefined }[]> {
    const progress = await this.#start()
    return progress.map(({ topic, partition, position, end }) => ({ topic, partition, offset: position, end }))
  }

  /** Ends the iteration and frees what it holds. */
  async close(): Promise<void> {
    this.#closed = true
    await this.#suspend()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #cursor(): RecordCursor<K, V> {
    if (this.#records !== undefined) return this.#records
    const cursor: RecordCursor<K, V> = new RecordCursor({
      // One that was left takes nothing more, and says late that it ended: somebody else may be reading by then.
      pull: async (idleMs, ending) => (this.#records === cursor ? this.#pull(idleMs, ending) : 'end'),
      rest: () => this.#stream?.rest(),
      clock: async () => (await this.#plan.engine()).clock,
      idleMs: this.#plan.options.idleMs,
      ended: async () => {
        if (this.#records === cursor) await this.#suspend()
      },
    })
    this.#records = cursor
    return cursor
  }

  async #pull(idleMs: number | undefined, ending?: AbortSignal): Promise<Pulled> {
    const { signal } = this.#plan.options
    if (this.#closed) return 'end'
    if (signal?.aborted) {
      await this.#suspend()
      throw signal.reason
    }
    const suspensions = this.#suspensions
    try {
      const stream = this.#stream ?? (await unlessAborted(this.#open(), ending))
      if (stream === undefined) return 'idle'
      const rest = stream.rest()
      if (rest !== undefined) await rest
      if (ending?.aborted) return 'idle'
      const pulled = await stream.pull(idleMs, ending)
      // The signal closes the stream, which then is at its end.
      if (pulled === 'end') signal?.throwIfAborted()
      return pulled
    } catch (error) {
      const left = suspensions !== this.#suspensions
      if (!left) await this.#suspend()
      if (signal?.aborted) throw signal.reason
      if (left) return 'end'
      throw error
    }
  }

  /** Frees everything; what was given stays counted, so that a new loop goes on there. */
  async #suspend(): Promise<void> {
    this.#suspensions++
    if (this.#starting !== undefined) {
      this.#starting.abort(left())
      this.#starting = undefined
      this.#progress = undefined
    }
    this.#plan.options.signal?.removeEventListener('abort', this.#onAbort)
    this.#records?.drop()
    this.#leaving = Promise.all([this.#leaving, this.#records?.settled()])
    this.#records = undefined
    const stream = this.#stream
    this.#stream = undefined
    this.#opening = undefined
    await stream?.close()
  }

  #open(): Promise<BatchStream> {
    this.#opening ??= this.#openStream()
    return this.#opening
  }

  async #openStream(): Promise<BatchStream> {
    const suspensions = this.#suspensions
    const progress = await this.#start()
    const engine = await this.#plan.engine()
    this.#engine = engine
    await this.#leaving
    // Closed or left while the start was looked for: nobody would close what is opened now.
    if (suspensions !== this.#suspensions) throw left()
    for (const one of progress) {
      if (one.state === 'active' && this.#stoppedEarly.some((stop) => isStopped(one, stop))) one.state = 'stopped'
    }
    this.#stream = new BatchStream(engine, progress, this.#streamSettings(this.#stats))
    this.#plan.options.signal?.addEventListener('abort', this.#onAbort, { once: true })
    return this.#stream
  }

  #start(): Promise<PartitionProgress[]> {
    if (this.#progress !== undefined) return this.#progress
    const starting = new AbortController()
    const progress = this.#findStart(starting.signal)
    this.#starting = starting
    this.#progress = progress
    progress
      .catch(() => {
        // A later loop asks again.
        if (this.#progress === progress) this.#progress = undefined
      })
      .finally(() => {
        if (this.#starting === starting) this.#starting = undefined
      })
    return progress
  }

  async #findStart(left: AbortSignal): Promise<PartitionProgress[]> {
    const { topics, options, defaultApiTimeoutMs } = this.#plan
    const engine = await this.#plan.engine()
    const signal = options.signal === undefined ? left : AbortSignal.any([left, options.signal])
    const limits = { timeoutMs: defaultApiTimeoutMs, signal }
    const bounded = options.until === 'end'
    const started = await findStart({ engine, topics, isolationLevel: options.isolationLevel, bounded, limits })
    await findLastRecords(started, (progress) => {
      signal.throwIfAborted()
      // A damaged batch counts as none: it is told of when reading comes to it.
      const settings = { ...this.#streamSettings(new ReadStats()), onCorruptRecord: 'skip' } as const
      const stream = new BatchStream(engine, progress, settings)
      signal.addEventListener('abort', () => void stream.close(), { once: true })
      return stream
    })
    signal.throwIfAborted()
    return started.map(({ progress }) => progress)
  }

  #streamSettings(stats: ReadStats): StreamSettings {
    const { options } = this.#plan
    const { fetchMinBytes, fetchMaxBytes, maxPartitionFetchBytes, fetchMaxWaitMs, isolationLevel } = options
    return {
      reader: {
        fetchMinBytes,
        fetchMaxBytes,
        maxPartitionFetchBytes,
        fetchMaxWaitMs,
        isolationLevel,
        // A log that was cut behind the reader goes on where it starts now, as Karafka's iterator does.
        autoOffsetReset: 'earliest',
        checkCrcs: options.checkCrcs,
        clientRack: options.clientRack ?? '',
      },
      failAtOnce: options.until === 'never',
      onCorruptRecord: options.onCorruptRecord,
      decoderOf: (topic) => this.#decoders.of(topic),
      stats,
    }
  }
}

const left = () => new Closed('ITERATION_LEFT', 'The iteration was left or closed.')

const isStopped = (
  progress: { topic: string; partition: number },
  { topic, partition }: { topic: string | undefined; partition: number | undefined },
): boolean =>
  (topic === undefined || topic === progress.topic) && (partition === undefined || partition === progress.partition)
