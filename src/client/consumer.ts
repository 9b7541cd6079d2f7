// A consumer: partitions read, processed in any order, and committed without ever passing what is not. [main thread]
import { EventEmitter } from 'node:events'
import { MillraceError } from '../base/errors.ts'
import type { Batch } from '../delivery/batch.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import { RecordDecoder } from '../delivery/record-decoder.ts'
import type { Deserializer } from '../delivery/serdes.ts'
import type { Engine } from '../engine/engine.ts'
import type { CommittedOffset, OffsetToCommit } from './committer.ts'
import {
  checkAssignment,
  checkCommit,
  checkOffset,
  consumerClosed,
  notAssigned,
  nothingAssigned,
  nothingLeft,
  running,
} from './consumer-checks.ts'
import { ConsumerCommits } from './consumer-commits.ts'
import { ConsumerCursor } from './consumer-cursor.ts'
import { partitionKey, type TopicPartition } from './consumer-partition.ts'
import { type AssignedPartition, ConsumerSource, type SourceBatch } from './consumer-source.ts'
import type { PollOptions } from './iteration.ts'
import type { ResolvedConsumerOptions } from './options.ts'
import { type IterationStats, ReadStats } from './read-stats.ts'
import { Run } from './run.ts'
import type { RunOptions } from './run-options.ts'

/** What a consumer is made with. */
export interface ConsumerPlan {
  options: ResolvedConsumerOptions
  engine(): Promise<Engine>
  defaultApiTimeoutMs: number
  serdesOf(topic: string): { key?: Deserializer<unknown> | undefined; value?: Deserializer<unknown> | undefined }
  /** It was closed. */
  closed(consumer: Consumer<unknown, unknown>): void
}

/** Where a consumer stands in a partition. */
export interface PartitionStats extends TopicPartition {
  /** Next to be given to user code. */
  position: number
  /** Everything before it is processed: what the next commit says. */
  floor: number
  committed: number | undefined
  /** Stretches that are not processed, with processed ones behind them. */
  gaps: number
  /** Records processed behind the first gap. */
  doneAhead: number
  paused: boolean
}

/** What a consumer has read, and where it stands. */
export interface ConsumerStats extends IterationStats {
  partitions: PartitionStats[]
}

/** `close()` settles in this time by default. */
const CLOSE_MS = 5_000
/** Of it: for the last commit, and for the end of reading. */
const LAST_COMMIT_MS = 1_000
const STOP_READING_MS = 2_000

/**
 * Reads assigned partitions. A record is processed when the next one is asked for, when it is acknowledged, or when the
 * handler of `run` has ended; only what is processed without a gap is committed. An `error` listener is told of a
 * partition that cannot be read on, while the others go on; without one the loop, `poll` or `run` ends with the error.
 */
export class Consumer<K = Buffer | null, V = Buffer | null>
  extends EventEmitter<{ error: [MillraceError] }>
  implements AsyncIterable<ConsumerRecord<K, V>>, AsyncDisposable
{
  readonly options: ResolvedConsumerOptions
  readonly #plan: ConsumerPlan
  readonly #commits: ConsumerCommits
  readonly #stats = new ReadStats()
  readonly #decoders = new Map<string, RecordDecoder<K, V>>()
  readonly #cursor: ConsumerCursor<K, V>
  #assigned: readonly AssignedPartition[] = []
  #epoch = 0
  #source: ConsumerSource | undefined
  #opening: Promise<ConsumerSource> | undefined
  #run: Run<K, V> | undefined
  /** Given by a loop that was left, by `poll` or by `recv`: processed when something else is asked for. */
  #left: (ConsumerRecord<K, V> | Batch<K, V>)[] = []
  #polled: ConsumerRecord<K, V>[] = []
  #received: ConsumerRecord<K, V>[] = []
  /** A commit that will not do better next time, and nobody listened: whoever asks for something is told. */
  #untold: { error: unknown } | undefined
  #closing: Promise<void> | undefined
  readonly #closeReaders: Promise<void>[] = []

  /** @internal */
  constructor(plan: ConsumerPlan) {
    super()
    this.#plan = plan
    this.options = plan.options
    const { groupId, autoCommit, autoCommitIntervalMs } = plan.options
    this.#commits = new ConsumerCommits({
      ...{ groupId, autoCommit, autoCommitIntervalMs, timeoutMs: plan.defaultApiTimeoutMs },
      engine: () => plan.engine(),
      failed: (error) => {
        if (error instanceof MillraceError && this.listenerCount('error') > 0) this.emit('error', error)
        else if ((error as MillraceError).retriable !== true) this.#untold ??= { error }
      },
    })
    this.#cursor = new ConsumerCursor((idleMs) => this.#pull(idleMs))
  }

  /** Reads these partitions from now on, and no others. Nothing is fetched before the first record is asked for. */
  assign(partitions: readonly AssignedPartition[]): void {
    this.#refuseClosed()
    checkAssignment(partitions)
    this.#leaveSource()
    this.#assigned = partitions.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
  }

  /** What is assigned. */
  assignment(): TopicPartition[] {
    return this.#assigned.map(({ topic, partition }) => ({ topic, partition }))
  }

  /** Record by record, each safe to keep. Ends when the consumer is closed. */
  [Symbol.asyncIterator](): AsyncIterator<ConsumerRecord<K, V>, undefined> {
    let given: ConsumerRecord<K, V> | undefined
    let left = false
    const give = (got: ConsumerRecord<K, V> | 'idle' | 'end'): IteratorResult<ConsumerRecord<K, V>, undefined> => {
      if (typeof got === 'string') return { done: true, value: undefined }
      given = got
      return { done: false, value: got }
    }
    return {
      next: async () => {
        if (left || this.#closing !== undefined) return { done: true, value: undefined }
        this.#ask()
        given?.ack()
        given = undefined
        return give(await this.#cursor.next(undefined))
      },
      return: async () => {
        left = true
        if (given !== undefined) this.#left.push(given)
        return { done: true, value: undefined }
      },
    }
  }

  /** Batch by batch: the fast path. A batch is processed, and released, when the loop asks for the next one. */
  batches(): AsyncIterableIterator<Batch<K, V>, undefined> {
    let given: Batch<K, V> | undefined
    let left = false
    const iterator: AsyncIterableIterator<Batch<K, V>, undefined> = {
      next: async () => {
        given?.release()
        if (left || this.#closing !== undefined) return { done: true, value: undefined }
        this.#ask()
        given?.ack()
        given = undefined
        const got = await this.#cursor.nextBatch(undefined)
        if (typeof got === 'string') return { done: true, value: undefined }
        given = got
        return { done: false, value: got }
      },
      return: async () => {
        left = true
        given?.release()
        if (given !== undefined) this.#left.push(given)
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  /** Up to `max` records: those that are there, or that come within `timeoutMs`. The next poll marks them processed. */
  async poll({ max, timeoutMs }: PollOptions = {}): Promise<ConsumerRecord<K, V>[]> {
    this.#refuseClosed()
    this.#ask()
    for (const record of this.#polled.splice(0)) record.ack()
    const records = await this.#cursor.take(max ?? this.options.maxPollRecords, timeoutMs)
    if (records.length === 0) this.#refuseClosed()
    this.#polled.push(...records)
    return records
  }

  /** The next record. The one before is processed then. Throws `Closed` when the consumer is closed meanwhile. */
  async recv(): Promise<ConsumerRecord<K, V>> {
    this.#refuseClosed()
    this.#ask()
    for (const record of this.#received.splice(0)) record.ack()
    const record = await this.#cursor.next(undefined)
    if (typeof record === 'string') throw consumerClosed()
    this.#received.push(record)
    return record
  }

  /**
   * Calls a handler for every batch or record until `signal` fires or the consumer is closed; what runs then is
   * finished, and what is processed is committed. Rejects with what `onError` does not forgive.
   */
  async run(options: RunOptions<K, V>): Promise<void> {
    this.#refuseClosed()
    this.#ask()
    for (const given of [...this.#polled.splice(0), ...this.#received.splice(0)]) given.ack()
    const engine = await this.#plan.engine()
    const run = new Run<K, V>(options, {
      engine,
      timeoutMs: this.#plan.defaultApiTimeoutMs,
      pull: (ending) => this.#pull(undefined, ending),
      interrupt: () => this.#source?.interrupt(),
    })
    if (this.#run !== undefined) throw running()
    this.#run = run
    this.#cursor.drop()
    try {
      if (this.#source !== undefined) rewind(this.#source)
      await engine.holding(run.start())
    } finally {
      this.#run = undefined
      const source = this.#source
      if (source !== undefined && this.#closing === undefined) {
        rewind(source)
        if (this.#commits.auto) await this.#commits.floors(source.partitions)
      }
    }
  }

  /**
   * Commits what is processed without a gap, or exactly these offsets: each says that everything before it is
   * processed. Resolves when the group's coordinator has them.
   */
  async commit(offsets?: readonly OffsetToCommit[], { signal }: { signal?: AbortSignal } = {}): Promise<void> {
    this.#refuseClosed()
    await this.#commits.group()
    const source = await this.#open()
    if (offsets === undefined) return this.#commits.floors(source.partitions, signal)
    for (const offset of offsets) checkCommit(source.find(offset), offset)
    await this.#commits.exactly(source.partitions, offsets, signal)
  }

  /** What the group has committed for these partitions, by default for all that are assigned. */
  async committed(
    partitions: readonly TopicPartition[] = this.#assigned,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<CommittedOffset[]> {
    this.#refuseClosed()
    return (await this.#commits.group()).fetch(partitions, { signal })
  }

  /** The next offset to be given to user code; `undefined` before reading of the partition began. */
  async position(name: TopicPartition): Promise<number | undefined> {
    this.#refuseForeign(name)
    const partition = this.#source?.find(name)
    return partition === undefined || partition.progress.state === 'failed' ? undefined : partition.position
  }

  /** Reads a partition on from this offset. Nothing that was fetched before is given, no ack of it counts. */
  async seek(name: TopicPartition, offset: number): Promise<void> {
    this.#refuseForeign(name)
    checkOffset('seek', offset)
    const source = await this.#open()
    const partition = source.find(name)!
    this.#cursor.drop(partition)
    source.seek(partition, offset)
    this.#run?.drop(partition)
  }

  /** Gives nothing more of these partitions until `resume`. What was fetched of them is fetched again then. */
  async pause(names: readonly TopicPartition[]): Promise<void> {
    for (const name of names) this.#refuseForeign(name)
    const source = await this.#open()
    for (const name of names) {
      const partition = source.find(name)!
      if (partition.paused) continue
      // What handlers were not given waits in the run; else it is fetched again.
      if (this.#run === undefined) {
        this.#cursor.drop(partition)
        partition.progress.position = partition.given
      }
      source.pause(partition)
    }
  }

  /** Goes on with partitions that were paused. */
  async resume(names: readonly TopicPartition[]): Promise<void> {
    for (const name of names) this.#refuseForeign(name)
    const source = await this.#open()
    for (const name of names) {
      const partition = source.find(name)!
      if (!partition.paused) continue
      source.resume(partition)
      this.#run?.resume(partition)
    }
  }

  /** What is paused. */
  paused(): TopicPartition[] {
    const paused = this.#source?.partitions.filter((partition) => partition.paused) ?? []
    return paused.map(({ topic, partition }) => ({ topic, partition }))
  }

  /** What was read so far, and where each partition stands. */
  stats(): ConsumerStats {
    const partitions = (this.#source?.partitions ?? []).map((one) => {
      one.settle()
      const { topic, partition, position, paused, tracker } = one
      const { floor, committed, gapCount: gaps, doneAhead } = tracker
      return { topic, partition, position, floor, committed, gaps, doneAhead, paused }
    })
    return { ...this.#stats.snapshot(), partitions }
  }

  /** Finishes what runs, commits what is processed (with `autoCommit`) and frees everything, within `timeoutMs`. */
  close({ timeoutMs = CLOSE_MS }: { timeoutMs?: number } = {}): Promise<void> {
    this.#closing ??= this.#close(timeoutMs)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(timeoutMs: number): Promise<void> {
    const source = this.#source
    try {
      await this.#run?.stop(Math.max(0, timeoutMs - LAST_COMMIT_MS - STOP_READING_MS))
      this.#commits.stop()
      if (source !== undefined) await this.#commits.last(source.partitions, LAST_COMMIT_MS)
    } finally {
      this.#leaveSource()
      await Promise.all(this.#closeReaders)
      this.#plan.closed(this as Consumer<unknown, unknown>)
    }
  }

  /** What was given by whoever is gone counts as processed: something else is asked for. */
  #ask(): void {
    if (this.#run !== undefined) throw running()
    for (const given of this.#left.splice(0)) given.ack()
  }

  async #pull(idleMs: number | undefined, ending?: AbortSignal): Promise<SourceBatch | 'idle' | 'end'> {
    while (this.#closing === undefined) {
      const untold = this.#untold
      this.#untold = undefined
      if (untold !== undefined) throw untold.error
      const source = await this.#open()
      try {
        const pulled = await source.pull(idleMs, ending)
        if (source !== this.#source) {
          if (typeof pulled !== 'string') pulled.batch.release()
          else if (pulled === 'idle') return pulled
        } else if (pulled === 'end') throw nothingLeft(source.partitions)
        else return pulled
      } catch (error) {
        if (this.#closing === undefined && !this.#tell(error)) throw error
      }
    }
    return 'end'
  }

  /** Whether a listener took it: only an error of one partition, or of a commit, leaves something to go on with. */
  #tell(error: unknown): boolean {
    const local = error instanceof MillraceError && error.topic !== undefined
    return local && this.listenerCount('error') > 0 && this.emit('error', error)
  }

  #open(): Promise<ConsumerSource> {
    this.#refuseClosed()
    if (this.#assigned.length === 0) return Promise.reject(nothingAssigned())
    this.#opening ??= this.#openSource()
    return this.#opening
  }

  async #openSource(): Promise<ConsumerSource> {
    const epoch = ++this.#epoch
    try {
      const engine = await this.#plan.engine()
      const source = await ConsumerSource.open({
        engine,
        options: this.options,
        committer: await this.#commits.open(),
        epoch,
        assigned: this.#assigned,
        timeoutMs: this.#plan.defaultApiTimeoutMs,
        stats: this.#stats,
        decoderOf: (topic) => this.#decoderOf(topic) as RecordDecoder<unknown, unknown>,
        commit: async (partition) => {
          await this.#commits.group()
          if (partition.live) await this.#commits.floors([partition])
        },
      })
      if (epoch !== this.#epoch) {
        await source.close()
        return this.#open()
      }
      this.#source = source
      this.#commits.start(source.partitions)
      return source
    } catch (error) {
      // A later call tries again.
      if (epoch === this.#epoch) this.#opening = undefined
      throw error
    }
  }

  /** Ends the present assignment; what is processed of it is committed all the same. */
  #leaveSource(): void {
    this.#epoch++
    const source = this.#source
    this.#source = undefined
    this.#opening = undefined
    this.#commits.stop()
    this.#cursor.drop()
    this.#left = []
    this.#polled = []
    this.#received = []
    if (source === undefined) return
    const committing = this.#closing === undefined && this.#commits.auto
    const committed = committing
      ? this.#commits.floors(source.partitions).catch((error) => void this.#tell(error))
      : undefined
    for (const partition of source.partitions) this.#run?.drop(partition)
    const closing = source.close()
    this.#closeReaders.push(Promise.all([committed, closing]).then(() => undefined))
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw consumerClosed()
  }

  #refuseForeign(name: TopicPartition): void {
    this.#refuseClosed()
    const key = partitionKey(name)
    if (!this.#assigned.some((one) => partitionKey(one) === key)) throw notAssigned(name)
  }

  #decoderOf(topic: string): RecordDecoder<K, V> {
    let decoder = this.#decoders.get(topic)
    if (decoder === undefined) {
      const { options } = this
      const serdes = this.#plan.serdesOf(topic)
      const key = (options.key ?? serdes.key) as Deserializer<K> | undefined
      const value = (options.value ?? serdes.value) as Deserializer<V> | undefined
      decoder = new RecordDecoder(options.onDeserializationError, key, value)
      this.#decoders.set(topic, decoder)
    }
    return decoder
  }
}

/** What was fetched and is not processed is fetched again. */
function rewind(source: ConsumerSource): void {
  for (const partition of source.partitions) {
    const { tracker, progress } = partition
    partition.settle()
    if (progress.state === 'active' && tracker.floor < tracker.position) source.seek(partition, tracker.floor, false)
  }
}
