// What a consumer reads from: the partitions of one assignment, from where their group left off. [main thread]
import { fromWire, type MillraceError, OffsetOutOfRange } from '../base/errors.ts'
import type { OffsetAnswer, ReaderSettings } from '../control/commands.ts'
import type { Batch } from '../delivery/batch.ts'
import type { RecordDecoder } from '../delivery/record-decoder.ts'
import type { Engine } from '../engine/engine.ts'
import { BatchStream } from './batch-stream.ts'
import type { Committer } from './committer.ts'
import { running } from './consumer-checks.ts'
import { type AssignedPartition, ConsumerPartition, partitionKey, type TopicPartition } from './consumer-partition.ts'
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
  assigned: readonly AssignedPartition[]
  timeoutMs: number
  stats: ReadStats
  decoderOf(topic: string): RecordDecoder<unknown, unknown>
  commit(partition: ConsumerPartition): Promise<void>
}

/** A batch of one of the partitions. */
export interface SourceBatch {
  partition: ConsumerPartition
  batch: Batch<unknown, unknown>
}

const EARLIEST = -2
const LATEST = -1

/**
 * Open until `close`; loops over the consumer come and go meanwhile. Reads for main from the first pull on; while a run
 * with a processor has its partitions, that run reads them for its workers.
 */
export class ConsumerSource {
  readonly engine: Engine
  readonly #plan: SourcePlan
  readonly #byKey: Map<string, ConsumerPartition>
  readonly #byProgress: Map<PartitionProgress, ConsumerPartition>
  /** Partitions without a place to start, whose error nobody has heard of yet. */
  readonly #startless: Map<ConsumerPartition, MillraceError>
  #stream: BatchStream | undefined
  #lent = false

  /** Finds where to start. Rejects when the brokers do not answer. */
  static async open(plan: SourcePlan): Promise<ConsumerSource> {
    const { epoch, options } = plan
    const starts = await findStarts(plan)
    const startless = new Map<ConsumerPartition, MillraceError>()
    const partitions = plan.assigned.map((name) => {
      const { position = 0, committed, error } = starts.get(partitionKey(name))!
      const generation = plan.engine.nextGeneration()
      const from = { epoch, generation, position, committed, maxGapRecords: options.maxGapRecords }
      const partition = new ConsumerPartition(name, from, plan.commit)
      if (error !== undefined) startless.set(partition, error)
      return partition
    })
    return new ConsumerSource(plan, partitions, startless)
  }

  private constructor(
    plan: SourcePlan,
    partitions: ConsumerPartition[],
    startless: Map<ConsumerPartition, MillraceError>,
  ) {
    this.engine = plan.engine
    this.#plan = plan
    this.#byKey = new Map(partitions.map((partition) => [partition.key, partition]))
    this.#byProgress = new Map(partitions.map((partition) => [partition.progress, partition]))
    this.#startless = startless
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
      const pulled = await stream.pull(idleMs)
      if (typeof pulled === 'string') {
        if (this.#lent) throw running()
        return pulled
      }
      const { reader, batch, generation } = pulled
      const current = reader.generation === generation && !this.#lent
      if (current) return { partition: this.#byProgress.get(reader.progress)!, batch }
      batch.release()
    }
  }

  /** Whoever pulls is answered 'idle'. */
  interrupt(): void {
    this.#stream?.interrupt()
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
    const generation = this.#stream?.seek(progress, position) ?? this.engine.nextGeneration()
    progress.state = 'active'
    partition.moveTo(position, generation, explicit)
  }

  /** Stops to fetch a partition. What of it was not given yet is fetched again after `resume`. */
  pause(partition: ConsumerPartition): void {
    partition.paused = true
    this.#stream?.pause(partition.progress)
  }

  resume(partition: ConsumerPartition): void {
    partition.paused = false
    this.#stream?.resume(partition.progress)
  }

  /** Errors of partitions that had no place to start; told once. */
  takeStartless(): { partition: ConsumerPartition; error: MillraceError }[] {
    const startless = [...this.#startless].map(([partition, error]) => ({ partition, error }))
    this.#startless.clear()
    return startless
  }

  /** Ends reading; acks are refused from here on. */
  async close(): Promise<void> {
    for (const partition of this.partitions) partition.live = false
    await this.#stream?.close()
  }

  #reading(): BatchStream {
    if (this.#lent) throw running()
    this.#stream ??= this.#read()
    return this.#stream
  }

  #read(): BatchStream {
    const { engine, options, stats, decoderOf } = this.#plan
    const progress = this.partitions.map((partition) => partition.progress)
    const stream = new BatchStream(engine, progress, {
      reader: this.readerSettings,
      failAtOnce: true,
      onCorruptRecord: options.onCorruptRecord,
      decoderOf,
      stats,
      movedBack: (of, position) => this.#byProgress.get(of)!.moveTo(position, engine.nextGeneration(), true),
      taken: (of, first, nextOffset) => this.#byProgress.get(of)!.arrived(first, nextOffset),
    })
    for (const partition of this.partitions) if (partition.paused) stream.pause(partition.progress)
    for (const { partition, error } of this.takeStartless()) stream.fail(partition.progress, error)
    return stream
  }
}

interface Start {
  position?: number | undefined
  committed?: number | undefined
  error?: MillraceError | undefined
}

/** The offset asked for, else the committed one, else one end of the log. */
async function findStarts(plan: SourcePlan): Promise<Map<string, Start>> {
  const { assigned, committer, options, timeoutMs, engine } = plan
  const starts = new Map<string, Start>()
  const committed = (await committer?.fetch(assigned)) ?? []
  for (const [i, one] of assigned.entries()) {
    const known = committed[i]?.offset
    starts.set(partitionKey(one), { position: one.offset ?? known, committed: known })
  }
  const open = assigned.filter((one) => starts.get(partitionKey(one))!.position === undefined)
  if (open.length === 0) return starts
  if (options.autoOffsetReset === 'none') {
    for (const one of open) starts.get(partitionKey(one))!.error = nothingCommitted(one, options.groupId)
    return starts
  }
  const timestamp = options.autoOffsetReset === 'earliest' ? EARLIEST : LATEST
  const queries = open.map(({ topic, partition }) => ({ topic, partition, timestamp }))
  const call = { op: 'offsets', queries, isolationLevel: options.isolationLevel } as const
  const answers: OffsetAnswer[] = await engine.call(call, { timeoutMs })
  for (const { topic, partition, offset, error } of answers) {
    const start = starts.get(partitionKey({ topic, partition }))!
    start.position = offset
    start.error = error === undefined ? undefined : fromWire(error)
  }
  return starts
}

function nothingCommitted({ topic, partition }: TopicPartition, groupId: string | undefined): MillraceError {
  const what = groupId === undefined ? 'There is no group' : `Group '${groupId}' has committed nothing`
  const how = "autoOffsetReset is 'none': assign it with an offset, or seek"
  const text = `${what} to start ${topic}[${partition}] from, and ${how}.`
  return new OffsetOutOfRange('NO_OFFSET', text, { topic, partition })
}
