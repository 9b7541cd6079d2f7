// A consumer: partitions read, processed in any order, and committed without ever passing what is not. [main thread]
import { MillraceError } from '../base/errors.ts'
import { unlessAborted, untilAborted } from '../base/on-abort.ts'
import type { Batch } from '../delivery/batch.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import type { Engine } from '../engine/engine.ts'
import { engineStats } from '../engine/engine-stats.ts'
import type { CloseOptions } from './close-options.ts'
import { CloseTime } from './close-time.ts'
import type { CommittedOffset, OffsetToCommit } from './committer.ts'
import { ConsumerAssignment } from './consumer-assignment.ts'
import {
  alreadyAssigned,
  alreadySubscribed,
  checkCommit,
  checkPartitions,
  consumerClosed,
  nothingLeft,
  running,
} from './consumer-checks.ts'
import { ConsumerCommits } from './consumer-commits.ts'
import type { ConsumerEvents } from './consumer-events.ts'
import { ConsumerFailures } from './consumer-failures.ts'
import { ConsumerGroup } from './consumer-group.ts'
import { ConsumerHandouts, type ReceivedBatch } from './consumer-handouts.ts'
import { ConsumerInterceptors } from './consumer-interceptors.ts'
import { LagReporter, lagTotals } from './consumer-lag.ts'
import { ConsumerOffsets, checkSeekTarget, type PartitionSeek } from './consumer-offsets.ts'
import type { AssignedPartition, ConsumerPartition, TopicPartition } from './consumer-partition.ts'
import type { ConsumerRun } from './consumer-run.ts'
import { ConsumerSource, type SourceBatch } from './consumer-source.ts'
import { ConsumerStarts } from './consumer-starts.ts'
import { type ConsumerStats, partitionStats } from './consumer-stats.ts'
import type { DeadLetters } from './dead-letters.ts'
import { Flow } from './flow.ts'
import type { RebalanceListener } from './group-listener.ts'
import type { TopicsWanted } from './group-topics.ts'
import type { ResolvedConsumerOptions, ResolvedRunOptions } from './options.ts'
import { ReadStats } from './read-stats.ts'
import type { RecordBatch, RecordBatchesOptions } from './record-batches.ts'
import { Run } from './run.ts'
import { checkRunOptions, type RunOptions } from './run-options.ts'
import { ProcessorRun } from './run-processor.ts'
import { type SerdesOf, TopicDecoders } from './topic-decoders.ts'
import { TransactedCommits } from './transacted-commits.ts'
import { type PollOptions, pollOf, signalOf, type WaitOptions } from './wait-options.ts'

/** What a consumer is made with. */
export interface ConsumerPlan {
  options: ResolvedConsumerOptions
  /** What to subscribe to at once. */
  topics: TopicsWanted | undefined
  engine(): Promise<Engine>
  defaultApiTimeoutMs: number
  metadataMaxAgeMs: number
  letters: DeadLetters
  serdesOf: SerdesOf
  /** It was closed. */
  closed(consumer: Consumer<unknown, unknown>): void
}

/**
 * Reads assigned partitions. A record is processed when the next one is asked for, when it is acknowledged, or when the
 * handler of `run` has ended; only what is processed without a gap is committed. An `error` listener is told of a
 * partition that cannot be read on, while the others go on; without one the loop, `poll` or `run` ends with the error.
 */
export class Consumer<K = Buffer | null, V = Buffer | null>
  extends TransactedCommits<K, V, ConsumerEvents>
  implements AsyncIterable<ConsumerRecord<K, V>>, AsyncDisposable
{
  readonly options: ResolvedConsumerOptions
  readonly #plan: ConsumerPlan
  readonly #commits: ConsumerCommits
  readonly #assignment: ConsumerAssignment
  readonly #group: ConsumerGroup
  readonly #starts: ConsumerStarts
  readonly #handouts: ConsumerHandouts<K, V>
  readonly #decoders: TopicDecoders
  readonly #offsets: ConsumerOffsets
  readonly #interceptors: ConsumerInterceptors
  readonly #failures: ConsumerFailures
  readonly #lagReporter = new LagReporter(this)
  readonly #stats = new ReadStats()
  #run: ConsumerRun | undefined
  #engine: Engine | undefined
  #closing: Promise<void> | undefined

  /** @internal */
  constructor(plan: ConsumerPlan) {
    super()
    this.#plan = plan
    this.options = plan.options
    const { groupId, autoCommit, autoCommitIntervalMs, isolationLevel } = plan.options
    this.#offsets = new ConsumerOffsets(() => plan.engine(), isolationLevel, plan.defaultApiTimeoutMs)
    this.#decoders = new TopicDecoders(plan.options, plan.serdesOf)
    this.#interceptors = new ConsumerInterceptors(plan.options.interceptors, (error) => this.#tell(error))
    this.#failures = new ConsumerFailures({
      emit: (error) => this.#emitted(error),
      run: () => (this.#closing === undefined ? this.#run : undefined),
      source: () => this.#assignment.source,
    })
    this.#commits = new ConsumerCommits({
      ...{ groupId, autoCommit, autoCommitIntervalMs, timeoutMs: plan.defaultApiTimeoutMs },
      engine: () => plan.engine(),
      identity: () => (this.#group.subscribed ? this.#group.identity : 'none'),
      answered: (afterMs) => this.#stats.committed(afterMs),
      committed: (offsets) => this.#interceptors.committed(offsets),
      failed: (error) => this.#failures.failed(error),
    })
    this.#assignment = new ConsumerAssignment({
      open: (assigned, epoch, changing) => this.#openSource(assigned, epoch, changing),
      opened: (source) => {
        this.#commits.start(() => source.partitions)
        this.#lagReporter.start(source.engine.clock, () => source.partitions)
      },
      left: (source) => this.#leave(source),
    })
    this.#starts = new ConsumerStarts(plan.options)
    this.#handouts = new ConsumerHandouts({
      pull: (idleMs, ending) => this.#pull(idleMs, ending),
      check: () => {
        if (this.#run !== undefined) throw running()
      },
      progressed: (busy) => this.#group.progressed(busy),
      closed: () => this.#closing !== undefined,
      clock: async () => (await plan.engine()).clock,
      maxBufferedRecords: plan.options.maxBufferedRecords,
    })
    this.given = this.#handouts
    this.#group = new ConsumerGroup({
      ...{ options: plan.options, assignment: this.#assignment, commits: this.#commits },
      engine: () => plan.engine(),
      timeoutMs: plan.defaultApiTimeoutMs,
      metadataMaxAgeMs: plan.metadataMaxAgeMs,
      handouts: this.#handouts as ConsumerHandouts<unknown, unknown>,
      run: () => this.#run,
      failed: (error) => this.#failures.failed(error),
    })
    if (plan.topics !== undefined) this.subscribe(plan.topics)
  }

  /**
   * Joins the group and reads what it gives of these topics from now on, and no others. A RegExp is matched by the
   * broker where it can be. The group is joined when the first record is asked for.
   */
  subscribe(topics: TopicsWanted, listener?: RebalanceListener): void {
    this.#refuseClosed()
    if (!this.#group.subscribed && this.#assignment.names.length > 0) throw alreadyAssigned()
    this.#group.subscribe(topics, listener)
    this.#run?.reassigned()
  }

  /** What is subscribed to; of an expression the topics that it matched. */
  subscription(): string[] {
    return this.#group.topics
  }

  /** Gives everything back, leaves the group and reads nothing; `subscribe` or `assign` begin anew. */
  async unsubscribe(options?: WaitOptions): Promise<void> {
    this.#refuseClosed()
    const signal = signalOf('unsubscribe', options)
    await untilAborted(this.#failures.ending(this.#group.unsubscribe()), signal)
  }

  /** Has the group share its partitions out again. */
  enforceRebalance(reason = 'the application asked for it'): void {
    this.#refuseClosed()
    this.#group.rejoin(reason)
  }

  /** Reads these partitions from now on, and no others. Nothing is fetched before the first record is asked for. */
  assign(partitions: readonly AssignedPartition[]): void {
    this.#refuseClosed()
    if (this.#group.subscribed) throw alreadySubscribed()
    this.#assignment.replace(partitions)
    this.#run?.reassigned()
  }

  /** What is assigned. */
  override assignment(): TopicPartition[] {
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
  async poll(options?: PollOptions): Promise<ConsumerRecord<K, V>[]> {
    this.#refuseClosed()
    const records = await this.#handouts.poll(pollOf('poll', this.options.maxPollRecords, options))
    if (records.length === 0) this.#refuseClosed()
    return records
  }

  /** The next record. The one before is processed then. Throws `Closed` when the consumer is closed meanwhile. */
  async recv(options?: WaitOptions): Promise<ConsumerRecord<K, V>> {
    this.#refuseClosed()
    const record = await this.#handouts.recv(signalOf('recv', options))
    if (record === undefined) throw consumerClosed()
    return record
  }

  /**
   * Up to `max` records (default `maxPollRecords`): waits until there are so many or `timeoutMs` (default 1,000) are
   * over, and says why it came back. The next call marks them processed.
   */
  async recvBatch(options?: PollOptions): Promise<ReceivedBatch<K, V>> {
    const poll = pollOf('recvBatch', this.options.maxPollRecords, options)
    return this.#closing === undefined ? this.#handouts.recvBatch(poll) : { outcome: 'closed', records: [] }
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
    const checked = checkRunOptions(options, this.options)
    this.#handouts.settle()
    const engine = await this.#plan.engine()
    this.#handouts.settle()
    const run = checked.processor === undefined ? this.#runHere(checked, engine) : this.#runInWorkers(checked, engine)
    this.#run = run
    try {
      this.#assignment.source?.rewind()
      this.#group.progressed(false)
      await engine.holding(run.start())
    } finally {
      this.#run = undefined
      this.#group.progressed(true)
      const { source } = this.#assignment
      if (source !== undefined && this.#closing === undefined) {
        source.takeBack()
        await this.#commits.processed(source.partitions)
      }
    }
  }

  /**
   * Commits what is processed without a gap, or exactly these offsets: each says that everything before it is
   * processed. Resolves when the group's coordinator has them.
   */
  override async commit(offsets?: readonly OffsetToCommit[], options?: WaitOptions): Promise<void> {
    const signal = signalOf('commit', options)
    if (offsets !== undefined) checkPartitions('commit', offsets, '{ topic, partition, offset }')
    // Not refused yet while the consumer is being closed: a listener may commit what it has.
    await untilAborted(this.#commits.group(), signal)
    const source = await untilAborted(this.#assignment.open(), signal)
    if (offsets === undefined) return this.#commits.floors(source.partitions, signal)
    await this.#assignment.each(offsets, { timeoutMs: this.#plan.defaultApiTimeoutMs, signal }, checkCommit)
    await this.#commits.exactly(source.partitions, offsets, signal)
  }

  /** What the group has committed for these partitions, by default for all that are assigned. */
  async committed(
    partitions: readonly TopicPartition[] = this.#assignment.names,
    options?: WaitOptions,
  ): Promise<CommittedOffset[]> {
    this.#refuseClosed()
    checkPartitions('committed', partitions)
    return this.#commits.fetch(partitions, signalOf('committed', options))
  }

  /** The next offset to be given to user code; `undefined` before reading of the partition began. */
  async position(name: TopicPartition): Promise<number | undefined> {
    this.#refuseForeign('position', [name])
    const partition = this.#assignment.source?.find(name)
    return partition === undefined || partition.progress.state === 'failed' ? undefined : partition.position
  }

  /** Seeks all of these, or none: where one is not assigned or cannot be found out, nothing changes. */
  override async seekMany(seeks: readonly PartitionSeek[], options?: WaitOptions): Promise<void> {
    const signal = signalOf('seek', options)
    this.#refuseForeign('seek', seeks, '{ topic, partition, offset }')
    for (const one of seeks) checkSeekTarget(one.offset)
    await this.#open(signal)
    const offsets = await this.#offsets.resolve(seeks, signal)
    const targets = seeks.map((one, i) => ({ ...one, offset: offsets[i]! }))
    await this.#each('seek', targets, options, (partition, { offset }, source) => {
      this.#handouts.drop(partition)
      source.seek(partition, offset)
      this.#run?.drop(partition)
    })
  }

  /** Gives nothing more of these, by default all, until `resume`. What was fetched of them is fetched again then. */
  async pause(names: readonly TopicPartition[] = this.assignment(), options?: WaitOptions): Promise<void> {
    await this.#each('pause', names, options, (partition, _, source) => {
      if (partition.paused) return
      // What handlers were not given waits in the run; else it is fetched again.
      if (this.#run === undefined) {
        this.#handouts.drop(partition)
        partition.progress.position = partition.given
      }
      source.pause(partition)
      this.#run?.pause(partition)
    })
  }

  /** Goes on with partitions that were paused, by default all. */
  async resume(names: readonly TopicPartition[] = this.assignment(), options?: WaitOptions): Promise<void> {
    await this.#each('resume', names, options, (partition, _, source) => {
      if (!partition.paused) return
      source.resume(partition)
      this.#run?.resume(partition)
    })
  }

  /** What is paused. */
  paused(): TopicPartition[] {
    return this.partitions().flatMap(({ topic, partition, paused }) => (paused ? [{ topic, partition }] : []))
  }

  /** What was read so far, and where each partition stands; from the first call on how long it took, too. */
  stats(): ConsumerStats {
    const partitions = (this.#assignment.source?.partitions ?? []).map(partitionStats)
    return { ...this.#stats.snapshot(this.#engine && engineStats(this.#engine)), partitions, ...lagTotals(partitions) }
  }

  /** Finishes what runs, commits what is processed (with `autoCommit`) and frees everything, within `timeoutMs`. */
  close({ timeoutMs, leaveGroup = this.options.groupInstanceId === undefined }: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#failures.ending(this.#close(new CloseTime(this.#engine?.clock, timeoutMs), leaveGroup))
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(time: CloseTime, permanently: boolean): Promise<void> {
    const { source } = this.#assignment
    this.#offsets.close()
    try {
      await this.#run?.stop(time.handlersMs)
      this.#commits.stop()
      if (source !== undefined) await this.#commits.last(source.partitions, time.commitMs)
    } finally {
      await this.#group.giveUp(time.giveUpMs)
      this.#commits.close()
      this.#assignment.leave()
      // What the group says to a member that goes changes nothing.
      const leaving = this.#group.leave({ permanently, timeoutMs: time.leaveMs }).catch(() => undefined)
      await time.last(Promise.all([this.#assignment.settled(), leaving]))
      this.#plan.closed(this as Consumer<unknown, unknown>)
    }
  }

  #runHere(options: ResolvedRunOptions, engine: Engine): ConsumerRun {
    return new Run(options, {
      engine,
      letters: this.#plan.letters,
      pull: (ending) => this.#pull(undefined, ending),
      progressed: (busy) => this.#group.progressed(busy),
    })
  }

  #runInWorkers(options: ResolvedRunOptions, engine: Engine): ConsumerRun {
    return new ProcessorRun(options, {
      engine,
      onCorruptRecord: this.options.onCorruptRecord,
      onDeserializationError: this.options.onDeserializationError,
      serdeNames: (topic) => this.#decoders.names(topic),
      timeoutMs: this.#plan.defaultApiTimeoutMs,
      letters: this.#plan.letters,
      commit: (partition) => this.#commits.floorOf(partition),
      open: () => this.#open(),
      progressed: (busy) => this.#group.progressed(busy),
      tell: (error) => this.#tell(error),
      measured: (measure) => this.#stats.processed(measure, engine.clock),
      replaced: (worker, why) => this.emit('workerReplaced', { worker, why }),
    })
  }

  async #pull(idleMs: number | undefined, ending?: AbortSignal): Promise<SourceBatch | 'idle' | 'end'> {
    while (this.#closing === undefined) {
      this.#failures.throwUntold()
      const source = await unlessAborted(this.#open(), ending)
      if (source === undefined) return 'idle'
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

  protected override partitions(): readonly ConsumerPartition[] {
    return this.#assignment.source?.partitions ?? []
  }

  protected override offsets(): ConsumerOffsets {
    this.#refuseClosed()
    return this.#offsets
  }

  /** Whether a listener took it: only an error of one partition, or of a commit, leaves something to go on with. */
  #tell(error: unknown): boolean {
    const local = error instanceof MillraceError && error.topic !== undefined
    return local && this.#emitted(error)
  }

  #emitted(error: MillraceError): boolean {
    return this.listenerCount('error') > 0 && this.emit('error', error)
  }

  async #open(signal?: AbortSignal): Promise<ConsumerSource> {
    this.#refuseClosed()
    await untilAborted(this.#group.join(), signal)
    return untilAborted(this.#assignment.open(), signal)
  }

  /** Does something with each of these when it is known where all of them start. */
  async #each<T extends TopicPartition>(
    what: string,
    names: readonly T[],
    options: WaitOptions | undefined,
    call: (partition: ConsumerPartition, name: T, source: ConsumerSource) => void,
  ): Promise<void> {
    const signal = signalOf(what, options)
    this.#refuseForeign(what, names)
    await this.#open(signal)
    await this.#assignment.each(names, { timeoutMs: this.#plan.defaultApiTimeoutMs, signal }, call).catch((error) => {
      this.#refuseClosed()
      throw error
    })
  }

  async #openSource(assigned: readonly AssignedPartition[], epoch: number, changing: boolean): Promise<ConsumerSource> {
    const engine = await this.#plan.engine()
    this.#engine = engine
    const committer = await this.#commits.open()
    return ConsumerSource.open({
      ...{ engine, committer, epoch, assigned, changing, starts: this.#starts, options: this.options },
      stats: this.#stats,
      timeoutMs: this.#plan.defaultApiTimeoutMs,
      decoderOf: (topic) => this.#decoders.of(topic),
      commit: (partition) => this.#commits.floorOf(partition),
      consumed: (batch) => this.#interceptors.consumed(batch),
      holders: () => [this.#handouts, this.#run],
      group: () => this.#commits.transactionGroup(),
    })
  }

  /** The end of an assignment; what is processed of it is committed all the same. */
  async #leave(source: ConsumerSource): Promise<void> {
    this.#lagReporter.stop()
    this.#commits.stop()
    this.#handouts.drop()
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

  #refuseForeign(what: string, names: readonly TopicPartition[], shape?: string): void {
    this.#refuseClosed()
    checkPartitions(what, names, shape)
    for (const name of names) this.#assignment.require(name)
  }
}
