// `kafka.iterate`: topics read without a group, record by record or batch by batch. [main thread]
import { Readable } from 'node:stream'
import type { Engine } from '../engine/engine.ts'
import type { Batch } from './batch.ts'
import { BatchStream, type Pulled, type StreamSettings } from './batch-stream.ts'
import type { TopicPlan } from './iteration-spec.ts'
import { findStart } from './iteration-start.ts'
import { findLastRecords } from './last-records.ts'
import type { ResolvedIterateOptions } from './options.ts'
import type { PartitionProgress } from './partition-reader.ts'
import { type IterationStats, ReadStats } from './read-stats.ts'
import type { ConsumerRecord } from './record.ts'
import { RecordCursor } from './record-cursor.ts'
import { RecordDecoder } from './record-decoder.ts'
import type { Deserializer } from './serdes.ts'

/** What an iteration is made with. */
export interface IterationPlan {
  topics: TopicPlan[]
  options: ResolvedIterateOptions
  /** The engine, started at the first pull. */
  engine(): Promise<Engine>
  defaultApiTimeoutMs: number
  serdesOf(topic: string): { key?: Deserializer<unknown> | undefined; value?: Deserializer<unknown> | undefined }
}

/** How `poll` waits. */
export interface PollOptions {
  /** At most so many records; default `maxPollRecords`. */
  max?: number
  /** Gives what there is, perhaps nothing, after so long; default: waits for at least one record or the end. */
  timeoutMs?: number
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
  readonly #decoders = new Map<string, RecordDecoder<K, V>>()
  /** Partitions stopped before the start was known. */
  readonly #stoppedEarly: { topic: string | undefined; partition: number | undefined }[] = []
  #progress: Promise<PartitionProgress[]> | undefined
  #stream: BatchStream | undefined
  #opening: Promise<BatchStream> | undefined
  #records: RecordCursor<K, V> | undefined
  #closed = false

  /** @internal */
  constructor(plan: IterationPlan) {
    this.#plan = plan
  }

  /** Record by record, each safe to keep. With `until: 'never'` and `idleMs`, `undefined` after so long without one. */
  [Symbol.asyncIterator](): AsyncIterator<ConsumerRecord<K, V>, undefined> {
    const cursor = this.#cursor()
    return {
      next: () => cursor.next(),
      return: async () => {
        await this.#suspend()
        return { done: true, value: undefined }
      },
    }
  }

  /** Batch by batch: the fast path. The loop releases each batch when it asks for the next one. */
  batches(): AsyncIterableIterator<Batch<K, V>, undefined> {
    let last: Batch<K, V> | undefined
    const done = async () => {
      last?.release()
      await this.#suspend()
      return { done: true as const, value: undefined }
    }
    const iterator: AsyncIterableIterator<Batch<K, V>, undefined> = {
      next: async () => {
        last?.release()
        last = undefined
        const pulled = await this.#pull(this.#plan.options.idleMs)
        if (pulled === 'end') return done()
        if (pulled === 'idle') return { done: false, value: undefined as unknown as Batch<K, V> }
        last = pulled.batch as Batch<K, V>
        return { done: false, value: last }
      },
      return: done,
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  /** Up to `max` records: those that are there, or that come within `timeoutMs`. Empty at the end. */
  async poll({ max, timeoutMs }: PollOptions = {}): Promise<ConsumerRecord<K, V>[]> {
    return this.#cursor().take(max ?? this.#plan.options.maxPollRecords, timeoutMs)
  }

  /** Stops one partition, one topic, or all: nothing more of it is given, its memory is freed, fetching it ends. */
  stop(topic?: string, partition?: number): void {
    this.#stoppedEarly.push({ topic, partition })
    this.#stream?.stop((progress) => isStopped(progress, { topic, partition }))
  }

  /** A stream of records in object mode. */
  toReadable(): Readable {
    return Readable.from(this, { objectMode: true, highWaterMark: 64 })
  }

  /** What was read so far. */
  stats(): IterationStats {
    return this.#stats.snapshot()
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
    this.#records ??= new RecordCursor({
      pull: (idleMs) => this.#pull(idleMs),
      idleMs: this.#plan.options.idleMs,
      ended: () => this.#suspend(),
    })
    return this.#records
  }

  async #pull(idleMs: number | undefined): Promise<Pulled> {
    const { signal } = this.#plan.options
    if (this.#closed) return 'end'
    if (signal?.aborted) {
      await this.#suspend()
      throw signal.reason
    }
    try {
      const stream = this.#stream ?? (await this.#open())
      const pulled = await stream.pull(idleMs)
      // The signal closes the stream, which then is at its end.
      if (pulled === 'end') signal?.throwIfAborted()
      return pulled
    } catch (error) {
      await this.#suspend()
      throw signal?.aborted ? signal.reason : error
    }
  }

  /** Frees everything; what was given stays counted, so that a new loop goes on there. */
  async #suspend(): Promise<void> {
    this.#records?.drop()
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
    const progress = await this.#start()
    for (const one of progress) {
      if (one.state === 'active' && this.#stoppedEarly.some((stop) => isStopped(one, stop))) one.state = 'stopped'
    }
    const engine = await this.#plan.engine()
    this.#stream = new BatchStream(engine, progress, this.#streamSettings(this.#stats))
    this.#plan.options.signal?.addEventListener('abort', () => void this.#suspend(), { once: true })
    return this.#stream
  }

  #start(): Promise<PartitionProgress[]> {
    this.#progress ??= this.#findStart()
    this.#progress.catch(() => {
      // A later loop asks again.
      this.#progress = undefined
    })
    return this.#progress
  }

  async #findStart(): Promise<PartitionProgress[]> {
    const { topics, options, defaultApiTimeoutMs } = this.#plan
    const engine = await this.#plan.engine()
    const limits = { timeoutMs: defaultApiTimeoutMs, signal: options.signal }
    const bounded = options.until === 'end'
    const started = await findStart({ engine, topics, isolationLevel: options.isolationLevel, bounded, limits })
    await findLastRecords(started, (progress) => {
      return new BatchStream(engine, progress, this.#streamSettings(new ReadStats()))
    })
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
      decoderOf: (topic) => this.#decoderOf(topic) as RecordDecoder<unknown, unknown>,
      stats,
    }
  }

  #decoderOf(topic: string): RecordDecoder<K, V> {
    let decoder = this.#decoders.get(topic)
    if (decoder === undefined) {
      const { options } = this.#plan
      const serdes = this.#plan.serdesOf(topic)
      const key = (options.key ?? serdes.key) as Deserializer<K> | undefined
      const value = (options.value ?? serdes.value) as Deserializer<V> | undefined
      decoder = new RecordDecoder(options.onDeserializationError, key, value)
      this.#decoders.set(topic, decoder)
    }
    return decoder
  }
}

const isStopped = (
  progress: { topic: string; partition: number },
  { topic, partition }: { topic: string | undefined; partition: number | undefined },
): boolean =>
  (topic === undefined || topic === progress.topic) && (partition === undefined || partition === progress.partition)
