// A consumer: partitions read, processed in any order, and committed without ever passing what is not. [main thread]
import { MillraceError } from '../base/errors.ts'
import type { Batch } from '../delivery/batch.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import type { Engine } from '../engine/engine.ts'
import { engineStats } from '../engine/engine-stats.ts'
import type { CommittedOffset, OffsetToCommit } from './committer.ts'
import { ConsumerAssignment } from './consumer-assignment.ts'
import { checkCommit, consumerClosed, nothingLeft, running } from './consumer-checks.ts'
import { ConsumerCommits } from './consumer-commits.ts'
import { ConsumerHandouts, type ReceivedBatch } from './consumer-handouts.ts'
import { type LagReport, LagReporter, lagsOf, lagTotals, type PartitionLag } from './consumer-lag.ts'
import {
  ConsumerOffsets,
  checkSeekTarget,
  type PartitionOffset,
  type PartitionSeek,
  type PartitionTime,
  type SeekTarget,
} from './consumer-offsets.ts'
import type { AssignedPartition, ConsumerPartition, TopicPartition } from './consumer-partition.ts'
import type { ConsumerRun } from './consumer-run.ts'
import { ConsumerSource, type SourceBatch } from './consumer-source.ts'
import { type ConsumerStats, partitionStats } from './consumer-stats.ts'
import { Flow } from './flow.ts'
import type { PollOptions } from './iteration.ts'
import type { ResolvedConsumerOptions, ResolvedRunOptions } from './options.ts'
import { ReadStats } from './read-stats.ts'
import type { RecordBatch, RecordBatchesOptions } from './record-batches.ts'
import { RecordFlows } from './record-flows.ts'
import { Run } from './run.ts'
import { checkRunOptions, type RunOptions } from './run-options.ts'
import { ProcessorRun } from './run-processor.ts'
import { type SerdesOf, TopicDecoders } from './topic-decoders.ts'

/** What a consumer is made with. */
export interface ConsumerPlan {
  options: ResolvedConsumerOptions
  engine(): Promise<Engine>
  defaultApiTimeoutMs: number
  serdesOf: SerdesOf
  /** It was closed. */
  closed(consumer: Consumer<unknown, unknown>): void
}

/** What a consumer emits. */
export interface ConsumerEvents {
  /** A partition cannot be read on, or a commit was refused; the others go on. */
  error: [error: MillraceError]
  /** A worker thread of a run died (its user code ended it, or had no memory left), and a new one has its place. */
  workerReplaced: [event: { worker: number; why: string }]
  /** Once a second while partitions are read. */
  lag: [report: LagReport]
}

/** `close()` settles in this time by default. */
const CLOSE_MS = 5_000
/** Of it: for the last commit, and for the end of reading. */
const LAST_COMMIT_MS = 1_000
const STOP_READING_MS = 2_000
const RECV_BATCH_MS = 1_000

/**
 * Reads assigned partitions. A record is processed when the next one is asked for, when it is acknowledged, or when the
 * handler of `run` has ended; only what is processed without a gap is committed. An `error` listener is told of a
 * partition that cannot be read on, while the others go on; without one the loop, `poll` or `run` ends with the error.
 */
export class Consumer<K = Buffer | null, V = Buffer | null>
  extends RecordFlows<K, V, ConsumerEvents>
  implements AsyncIterable<ConsumerRecord<K, V>>, AsyncDisposable
{
  readonly options: ResolvedConsumerOptions
  readonly #plan: ConsumerPlan
  readonly #commits: ConsumerCommits
  readonly #assignment: ConsumerAssignment
  readonly #handouts: ConsumerHandouts<K, V>
  readonly #decoders: TopicDecoders
  readonly #offsets: ConsumerOffsets
  readonly #lagReporter = new LagReporter((report) => this.emit('lag', report))
  readonly #stats = new ReadStats()
  #run: ConsumerRun | undefined
  #engine: Engine | undefined
  /** A commit that will not do better next time, and nobody listened: whoever asks for something is told. */
  #untold: { error: unknown } | undefined
  #closing: Promise<void> | undefined

  /** @internal */
  constructor(plan: ConsumerPlan) {
    super()
    this.#plan = plan
    this.options = plan.options
    const { groupId, autoCommit, autoCommitIntervalMs, isolationLevel } = plan.options
    this.#offsets = new ConsumerOffsets(() => plan.engine(), isolationLevel, plan.defaultApiTimeoutMs)
    this.#decoders = new TopicDecoders(plan.options, plan.serdesOf)
    this.#commits = new ConsumerCommits({
      ...{ groupId, autoCommit, autoCommitIntervalMs, timeoutMs: plan.defaultApiTimeoutMs },
      engine: () => plan.engine(),
      answered: (afterMs) => this.#stats.committed(afterMs),
      failed: (error) => {
        if (error instanceof MillraceError && this.listenerCount('error') > 0) this.emit('error', error)
        else if ((error as MillraceError).retriable !== true) this.#untold ??= { error }
      },
    })
    this.#assignment = new ConsumerAssignment({
      open: (assigned, epoch) => this.#openSource(assigned, epoch),
      opened: (source) => {
        this.#commits.start(() => source.partitions)
        this.#lagReporter.start(source.engine.clock, () => source.partitions)
      },
      left: (source) => this.#leave(source),
    })
    this.#handouts = new ConsumerHandouts({
      pull: (idleMs) => this.#pull(idleMs),
      check: () => {
        if (this.#run !== undefined) throw running()
      },
      progressed: () => {},
      closed: () => this.#closing !== undefined,
      clock: async () => (await plan.engine()).clock,
    })
  }

  /** Reads these partitions from now on, and no others. Nothing is fetched before the first record is asked for. */
  assign(partitions: readonly AssignedPartition[]): void {
    this.#refuseClosed()
    this.#assignment.replace(partitions)
    this.#run?.reassigned()
  }

  /** What is assigned. */
  assignment(): TopicPartition[] {
    return this.#assignment.names
  }

  /** Record by record, each safe to keep. Ends when the consumer is closed. */
  [Symbol.asyncIterator](): AsyncIterator<ConsumerRecord<K, V>, undefined> {
    return this.#handouts.records()
  }

  /**
   * Batch by batch as they were written: the fast path. One is processed, and released, when the loop asks for the next
   * one. With `maxRecords`, batches of that size, cut from or joined of those of one partition: see `RecordBatch`.
   */
  batches(): AsyncIterableIterator<Batch<K, V>, undefined>
  batches(options: RecordBatchesOptions): AsyncIterableIterator<RecordBatch<K, V>, undefined>
  batches(
    options?: RecordBatchesOptions,
  ): AsyncIterableIterator<Batch<K, V>, undefined> | AsyncIterableIterator<RecordBatch<K, V>, undefined> {
    return options === undefined ? this.#handouts.batches() : this.#handouts.recordBatches(options)
  }

  /** Up to `max` records: those that are there, or that come within `timeoutMs`. The next poll marks them processed. */
  async poll({ max, timeoutMs }: PollOptions = {}): Promise<ConsumerRecord<K, V>[]> {
    this.#refuseClosed()
    const records = await this.#handouts.poll(max ?? this.options.maxPollRecords, timeoutMs)
    if (records.length === 0) this.#refuseClosed()
    return records
  }

  /** The next record. The one before is processed then. Throws `Closed` when the consumer is closed meanwhile. */
  async recv(): Promise<ConsumerRecord<K, V>> {
    this.#refuseClosed()
    const record = await this.#handouts.recv()
    if (record === undefined) throw consumerClosed()
    return record
  }

  /**
   * Up to `max` records (default `maxPollRecords`): waits until there are so many or `timeoutMs` (default 1,000) are
   * over, and says why it came back. The next call marks them processed.
   */
  async recvBatch({ max, timeoutMs = RECV_BATCH_MS }: PollOptions = {}): Promise<ReceivedBatch<K, V>> {
    if (this.#closing !== undefined) return { outcome: 'closed', records: [] }
    return this.#handouts.recvBatch(max ?? this.options.maxPollRecords, timeoutMs)
  }

  /** All records, lazily, for `filter`, `map`, `take` and their like. */
  override flow(): Flow<ConsumerRecord<K, V>> {
    this.#refuseClosed()
    return new Flow(this.#handouts.source())
  }

  /**
   * Calls a handler for every batch or record until `signal` fires or the consumer is closed; what runs then is
   * finished, and what is processed is committed. Rejects with what `onError` does not forgive.
   */
  async run(options: RunOptions<K, V>): Promise<void> {
    this.#refuseClosed()
    const checked = checkRunOptions(options)
    this.#handouts.settle()
    const engine = await this.#plan.engine()
    this.#handouts.settle()
    const run = checked.processor === undefined ? this.#runHere(checked, engine) : this.#runInWorkers(checked, engine)
    this.#run = run
    try {
      this.#assignment.source?.rewind()
      await engine.holding(run.start())
    } finally {
      this.#run = undefined
      const { source } = this.#assignment
      if (source !== undefined && this.#closing === undefined) {
        source.takeBack()
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
    partitions: readonly TopicPartition[] = this.#assignment.names,
    { signal }: { signal?: AbortSignal } = {},
  ): Promise<CommittedOffset[]> {
    this.#refuseClosed()
    return (await this.#commits.group()).fetch(partitions, { signal })
  }

  /** The next offset to be given to user code; `undefined` before reading of the partition began. */
  async position(name: TopicPartition): Promise<number | undefined> {
    this.#refuseForeign(name)
    const partition = this.#assignment.source?.find(name)
    return partition === undefined || partition.progress.state === 'failed' ? undefined : partition.position
  }

  /**
   * Reads a partition on from this offset, the first record at or after a Date, or one end of its log. Nothing that was
   * fetched before is given, no ack of it counts.
   */
  async seek({ topic, partition }: TopicPartition, offset: SeekTarget): Promise<void> {
    await this.seekMany([{ topic, partition, offset }])
  }

  /** Seeks all of these, or none: where one is not assigned or cannot be found out, nothing changes. */
  async seekMany(seeks: readonly PartitionSeek[]): Promise<void> {
    for (const one of seeks) {
      this.#refuseForeign(one)
      checkSeekTarget(one.offset)
    }
    await this.#open()
    const offsets = await this.#offsets.resolve(seeks)
    for (const one of seeks) this.#refuseForeign(one)
    const source = await this.#open()
    for (const [i, one] of seeks.entries()) {
      const partition = source.find(one)
      if (partition === undefined) continue
      this.#handouts.drop(partition)
      source.seek(partition, offsets[i]!)
      this.#run?.drop(partition)
    }
  }

  /** Reads these, by default all, from the beginnings of their logs. */
  seekToBeginning(names: readonly TopicPartition[] = this.#assignment.names): Promise<void> {
    return this.seekMany(names.map(({ topic, partition }) => ({ topic, partition, offset: 'earliest' })))
  }

  /** Reads of these, by default of all, what comes from now on. */
  seekToEnd(names: readonly TopicPartition[] = this.#assignment.names): Promise<void> {
    return this.seekMany(names.map(({ topic, partition }) => ({ topic, partition, offset: 'latest' })))
  }

  /** The first offset that each log still has. */
  beginningOffsets(names: readonly TopicPartition[] = this.#assignment.names): Promise<PartitionOffset[]> {
    this.#refuseClosed()
    return this.#offsets.beginning(names)
  }

  /** The end of each log: the last stable offset under read_committed, else the high watermark. */
  endOffsets(names: readonly TopicPartition[] = this.#assignment.names): Promise<PartitionOffset[]> {
    this.#refuseClosed()
    return this.#offsets.end(names)
  }

  /** The first record at or after each time; its offset is undefined where there is none. */
  offsetsForTimes(times: readonly PartitionTime[]): Promise<PartitionOffset[]> {
    this.#refuseClosed()
    return this.#offsets.atTimes(times)
  }

  /** Where a log begins, as its last fetch said; undefined before that. No request. */
  cachedBeginningOffset(name: TopicPartition): number | undefined {
    return this.#assignment.source?.find(name)?.progress.logEnds?.logStart
  }

  /** The high watermark that the last fetch of a partition gave; undefined before that. No request. */
  cachedEndOffset(name: TopicPartition): number | undefined {
    return this.#assignment.source?.find(name)?.progress.logEnds?.highWatermark
  }

  /** How many records a partition is behind its last fetch's high watermark; undefined before that. No request. */
  currentLag(name: TopicPartition): number | undefined {
    return this.#assignment.source?.find(name)?.lag
  }

  /** The lag of every partition. No request: while a partition is paused, or nothing is asked for, it may grow unseen. */
  lag(): PartitionLag[] {
    return lagsOf(this.#assignment.source?.partitions ?? [])
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
        this.#handouts.drop(partition)
        partition.progress.position = partition.given
      }
      source.pause(partition)
      this.#run?.pause(partition)
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
    const paused = this.#assignment.source?.partitions.filter((partition) => partition.paused) ?? []
    return paused.map(({ topic, partition }) => ({ topic, partition }))
  }

  /** What was read so far, and where each partition stands; from the first call on how long it took, too. */
  stats(): ConsumerStats {
    const partitions = (this.#assignment.source?.partitions ?? []).map(partitionStats)
    return { ...this.#stats.snapshot(this.#engine && engineStats(this.#engine)), partitions, ...lagTotals(partitions) }
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
    const { source } = this.#assignment
    try {
      await this.#run?.stop(Math.max(0, timeoutMs - LAST_COMMIT_MS - STOP_READING_MS))
      this.#commits.stop()
      if (source !== undefined) await this.#commits.last(source.partitions, LAST_COMMIT_MS)
    } finally {
      this.#assignment.leave()
      await this.#assignment.settled()
      this.#plan.closed(this as Consumer<unknown, unknown>)
    }
  }

  #runHere(options: ResolvedRunOptions, engine: Engine): ConsumerRun {
    return new Run(options, {
      engine,
      timeoutMs: this.#plan.defaultApiTimeoutMs,
      pull: (ending) => this.#pull(undefined, ending),
      interrupt: () => this.#assignment.source?.interrupt(),
    })
  }

  #runInWorkers(options: ResolvedRunOptions, engine: Engine): ConsumerRun {
    return new ProcessorRun(options, {
      engine,
      onCorruptRecord: this.options.onCorruptRecord,
      onDeserializationError: this.options.onDeserializationError,
      serdeNames: (topic) => this.#decoders.names(topic),
      timeoutMs: this.#plan.defaultApiTimeoutMs,
      commit: (partition) => this.#commitFloor(partition),
      open: () => this.#open(),
      tell: (error) => this.#tell(error),
      measured: (measure) => this.#stats.processed(measure, engine.clock),
      replaced: (worker, why) => this.emit('workerReplaced', { worker, why }),
    })
  }

  async #pull(idleMs: number | undefined, ending?: AbortSignal): Promise<SourceBatch | 'idle' | 'end'> {
    while (this.#closing === undefined) {
      const untold = this.#untold
      this.#untold = undefined
      if (untold !== undefined) throw untold.error
      const source = await this.#open()
      try {
        const pulled = await source.pull(idleMs, ending)
        if (source !== this.#assignment.source) {
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

  async #open(): Promise<ConsumerSource> {
    this.#refuseClosed()
    return this.#assignment.open()
  }

  async #openSource(assigned: readonly AssignedPartition[], epoch: number): Promise<ConsumerSource> {
    const engine = await this.#plan.engine()
    this.#engine = engine
    const committer = await this.#commits.open()
    return ConsumerSource.open({
      ...{ engine, committer, epoch, assigned, options: this.options, stats: this.#stats },
      timeoutMs: this.#plan.defaultApiTimeoutMs,
      decoderOf: (topic) => this.#decoders.of(topic),
      commit: (partition) => this.#commitFloor(partition),
    })
  }

  async #commitFloor(partition: ConsumerPartition): Promise<void> {
    await this.#commits.group()
    if (partition.live) await this.#commits.floors([partition])
  }

  /** The end of an assignment; what is processed of it is committed all the same. */
  async #leave(source: ConsumerSource): Promise<void> {
    this.#lagReporter.stop()
    this.#commits.stop()
    this.#handouts.forget()
    const committing = this.#closing === undefined && this.#commits.auto
    const committed = committing
      ? this.#commits.floors(source.partitions).catch((error) => void this.#tell(error))
      : undefined
    const closing = source.close()
    for (const partition of source.partitions) this.#run?.drop(partition)
    await Promise.all([committed, closing])
  }

  #refuseClosed(): void {
    if (this.#closing !== undefined) throw consumerClosed()
  }

  #refuseForeign(name: TopicPartition): void {
    this.#refuseClosed()
    this.#assignment.require(name)
  }
}
