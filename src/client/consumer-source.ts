// What a consumer reads from: the partitions of one assignment, from where their group left off. [main thread]
import type { MillraceError } from '../base/errors.ts'
import type { ReaderSettings } from '../control/commands.ts'
import type { TransactionGroup } from '../control/producing.ts'
import type { Batch } from '../delivery/batch.ts'
import type { RecordDecoder } from '../delivery/record-decoder.ts'
import { ToldCommits } from '../delivery/told-commits.ts'
import type { Engine } from '../engine/engine.ts'
import { BatchStream } from './batch-stream.ts'
import type { Committer } from './committer.ts'
import { running } from './consumer-checks.ts'
import { type AssignedPartition, ConsumerPartition, partitionKey, type TopicPartition } from './consumer-partition.ts'
import type { ConsumerStarts } from './consumer-starts.ts'
import type { ResolvedConsumerOptions } from './options.ts'
import type { PartitionProgress } from './partition-reader.ts'
import type { ReadStats } from './read-stats.ts'

/** What a source is made with. */
export interface SourcePlan {
  engine: Engine
  options: ResolvedConsumerOptions
  /** Undefined without a group. */
  committer: Committer | undefined
  epoch: number
  starts: ConsumerStarts
  assigned: readonly AssignedPartition[]
  /** Partitions come and go: those of a group. */
  changing: boolean
  timeoutMs: number
  stats: ReadStats
  decoderOf(topic: string): RecordDecoder<unknown, unknown>
  commit(partition: ConsumerPartition): Promise<void>
  /** A batch is about to be handed out. */
  consumed(batch: Batch<unknown, unknown>): void
  /** Who may have batches that wait: a transaction that is aborted voids them. */
  holders(): readonly ({ drop(partition: ConsumerPartition): void } | undefined)[]
  /** For whom a transaction commits. */
  group(): TransactionGroup
}

/** A batch of one of the partitions. */
export interface SourceBatch {
  partition: ConsumerPartition
  batch: Batch<unknown, unknown>
}

/**
 * Open until `close`; loops over the consumer come and go meanwhile. Reads for main from the first pull on; while a run
 * with a processor has its partitions, that run reads them for its workers.
 */
export class ConsumerSource {
  readonly engine: Engine
  readonly #plan: SourcePlan
  readonly #byKey = new Map<string, ConsumerPartition>()
  readonly #byProgress = new Map<PartitionProgress, ConsumerPartition>()
  /** Partitions without a place to start, whose error nobody has heard of yet. */
  readonly #startless = new Map<ConsumerPartition, MillraceError>()
  /** Added, and not to be read before `begin`. */
  readonly #held = new Set<ConsumerPartition>()
  readonly #told = new ToldCommits()
  #stream: BatchStream | undefined
  #lent = false

  /** Finds where to start. Rejects when the brokers do not answer. */
  static async open(plan: SourcePlan): Promise<ConsumerSource> {
    const source = new ConsumerSource(plan)
    for (const partition of await source.add(plan.assigned)) source.#held.delete(partition)
    return source
  }

  private constructor(plan: SourcePlan) {
    this.engine = plan.engine
    this.#plan = plan
  }

  /** All that are assigned, also those that failed. */
  get partitions(): ConsumerPartition[] {
    return [...this.#byKey.values()]
  }

  /** How its partitions are fetched, whoever reads them. */
  get readerSettings(): ReaderSettings {
    const { options } = this.#plan
    const { fetchMinBytes, fetchMaxBytes, maxPartitionFetchBytes, fetchMaxWaitMs, isolationLevel } = options
    const { autoOffsetReset, checkCrcs, clientRack = '' } = options
    const limits = { fetchMinBytes, fetchMaxBytes, maxPartitionFetchBytes, fetchMaxWaitMs }
    return { ...limits, isolationLevel, autoOffsetReset, checkCrcs, clientRack }
  }

  /** The partition, if it is one of these. */
  find(name: TopicPartition): ConsumerPartition | undefined {
    return this.#byKey.get(partitionKey(name))
  }

  /**
   * The next batch; 'end' when no partition is left to be read. Throws the error that a partition ended with. With
   * `ending` fired it waits for nothing: a pull that nobody waits for would take a batch from those who do.
   */
  async pull(idleMs: number | undefined, ending?: AbortSignal): Promise<SourceBatch | 'idle' | 'end'> {
    for (;;) {
      const stream = this.#reading()
      const resting = stream.rest()
      if (resting !== undefined) await resting
      if (ending?.aborted) return 'idle'
      const pulled = await stream.pull(idleMs, ending)
      if (typeof pulled === 'string') {
        if (this.#lent) throw running()
        return pulled
      }
      const { reader, batch } = pulled
      const partition = this.#byProgress.get(reader.progress)
      if (partition !== undefined && !partition.isVoid(batch.nextOffset) && !this.#lent) {
        this.#plan.consumed(batch)
        return { partition, batch }
      }
      batch.release()
    }
  }

  /** Whoever pulls, now or next, is told; false when main does not read yet. */
  tell(error: MillraceError): boolean {
    this.#stream?.tell(error)
    return this.#stream !== undefined
  }

  /** More partitions, each where it has to start; they are read when `begin` says so. */
  async add(names: readonly AssignedPartition[]): Promise<ConsumerPartition[]> {
    const { epoch, options, engine, commit, group } = this.#plan
    const rewind = (partition: ConsumerPartition, position: number) => {
      this.seek(partition, position, false)
      for (const one of this.#plan.holders()) one?.drop(partition)
    }
    const starts = await this.#plan.starts.find(this.#plan, names)
    return names.map((name) => {
      const { position = 0, committed, error } = starts.get(partitionKey(name))!
      const generation = engine.nextGeneration()
      const from = { epoch, generation, position, committed, maxGapRecords: options.maxGapRecords }
      const partition = new ConsumerPartition(name, from, { commit, told: this.#told, group, rewind })
      this.#byKey.set(partition.key, partition)
      this.#byProgress.set(partition.progress, partition)
      this.#held.add(partition)
      if (error !== undefined) this.#startless.set(partition, error)
      return partition
    })
  }

  /** Reads what was added. */
  begin(partitions: readonly ConsumerPartition[]): void {
    for (const partition of partitions) this.#held.delete(partition)
    const stream = this.#stream
    if (stream === undefined) return
    stream.add(partitions.map(({ progress }) => progress))
    for (const one of partitions) if (one.rests) stream.pause(one.progress)
    for (const { partition, error } of this.takeStartless()) stream.fail(partition.progress, error)
  }

  /** Added, and not begun: the listener may still seek in it. */
  isHeld(partition: ConsumerPartition): boolean {
    return this.#held.has(partition)
  }

  /** Gives nothing more of a partition that is about to go. */
  halt(partition: ConsumerPartition): void {
    partition.halted = true
    this.#stream?.pause(partition.progress)
  }

  /** Gives nothing of topics that are not wanted, until they are wanted again; what was not given is fetched again. */
  want(isWanted: (topic: string) => boolean): void {
    for (const partition of this.partitions) {
      if (isWanted(partition.topic)) {
        if (!partition.unwanted) continue
        partition.unwanted = false
        this.#goOn(partition)
      } else if (!partition.unwanted) {
        partition.unwanted = true
        for (const one of this.#plan.holders()) one?.drop(partition)
        partition.progress.position = partition.given
        this.#rest(partition)
      }
    }
  }

  /** Partitions go; acks of theirs are refused, and the others are read on. */
  remove(partitions: readonly ConsumerPartition[]): void {
    for (const partition of partitions) {
      this.#end(partition)
      this.#held.delete(partition)
      this.#startless.delete(partition)
      this.#byProgress.delete(partition.progress)
      if (this.#byKey.get(partition.key) === partition) this.#byKey.delete(partition.key)
    }
    this.#stream?.remove(partitions.map(({ progress }) => progress))
  }

  /** Ends reading for main: the partitions are read by somebody else until `takeBack`, from their floors on. */
  async lend(): Promise<void> {
    this.#lent = true
    const stream = this.#stream
    this.#stream = undefined
    await stream?.close()
    this.rewind()
  }

  /** Main reads on, from the floors. */
  takeBack(): void {
    this.#lent = false
    this.rewind()
  }

  /** What was fetched and is not processed is fetched again. */
  rewind(): void {
    for (const partition of this.partitions) {
      const { tracker, progress } = partition
      partition.settle()
      if (progress.state === 'active' && tracker.floor < tracker.position) this.seek(partition, tracker.floor, false)
    }
  }

  /** Reads a partition on from another offset. `explicit`: the caller asked for it, and it is worth a commit. */
  seek(partition: ConsumerPartition, position: number, explicit = true): void {
    const { progress } = partition
    this.#startless.delete(partition)
    const stream = this.#held.has(partition) ? undefined : this.#stream
    const generation = stream?.seek(progress, position) ?? this.engine.nextGeneration()
    progress.state = 'active'
    partition.moveTo(position, generation, explicit)
  }

  /** Stops to fetch a partition. What of it was not given yet is fetched again after `resume`. */
  pause(partition: ConsumerPartition): void {
    partition.paused = true
    this.#rest(partition)
  }

  resume(partition: ConsumerPartition): void {
    partition.paused = false
    this.#goOn(partition)
  }

  /** Errors of partitions that are read, and had no place to start; told once. */
  takeStartless(): { partition: ConsumerPartition; error: MillraceError }[] {
    const told = [...this.#startless].filter(([partition]) => !this.#held.has(partition))
    for (const [partition] of told) this.#startless.delete(partition)
    return told.map(([partition, error]) => ({ partition, error }))
  }

  /** Ends reading; acks are refused from here on. */
  async close(): Promise<void> {
    for (const partition of this.partitions) this.#end(partition)
    await this.#stream?.close()
  }

  /** What is held is of no stream yet: `begin` sees how it stands. */
  #rest(partition: ConsumerPartition): void {
    if (!this.#held.has(partition)) this.#stream?.pause(partition.progress)
  }

  #goOn(partition: ConsumerPartition): void {
    if (!this.#held.has(partition) && !partition.rests) this.#stream?.resume(partition.progress)
  }

  #end(partition: ConsumerPartition): void {
    partition.live = false
    if (partition.wasUsed) this.#plan.starts.used(partition)
  }

  #reading(): BatchStream {
    if (this.#lent) throw running()
    this.#stream ??= this.#read()
    return this.#stream
  }

  #read(): BatchStream {
    const { engine, options, stats, decoderOf, changing: endless } = this.#plan
    const read = this.partitions.filter((partition) => !this.#held.has(partition))
    const progress = read.map((partition) => partition.progress)
    const stream = new BatchStream(engine, progress, {
      reader: this.readerSettings,
      failAtOnce: true,
      endless,
      onCorruptRecord: options.onCorruptRecord,
      decoderOf,
      stats,
      movedBack: (of, position) => this.#byProgress.get(of)!.moveTo(position, engine.nextGeneration(), true),
      taken: (of, first, nextOffset) => this.#byProgress.get(of)!.arrived(first, nextOffset),
    })
    for (const one of read) if (one.rests) stream.pause(one.progress)
    for (const { partition, error } of this.takeStartless()) stream.fail(partition.progress, error)
    return stream
  }
}
