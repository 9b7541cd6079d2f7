// Where a consumer's logs begin and end, how far it is behind, and going to one of their ends. [main thread]
import { checkPartition, checkPartitions } from './consumer-checks.ts'
import { lagsOf, type PartitionLag } from './consumer-lag.ts'
import type { ConsumerOffsets, PartitionOffset, PartitionSeek, PartitionTime, SeekTarget } from './consumer-offsets.ts'
import type { ConsumerPartition, TopicPartition } from './consumer-partition.ts'
import { RecordFlows } from './record-flows.ts'
import { signalOf, type WaitOptions } from './wait-options.ts'

/** What a consumer says about the logs of its partitions. */
export abstract class LogPositions<K, V, E extends { [N in keyof E]: unknown[] }> extends RecordFlows<K, V, E> {
  /** What is assigned. */
  abstract assignment(): TopicPartition[]
  /** Seeks all of these, or none. */
  abstract seekMany(seeks: readonly PartitionSeek[], options?: WaitOptions): Promise<void>
  /** @internal What is read now. */
  protected abstract partitions(): readonly ConsumerPartition[]
  /** @internal Whom to ask for offsets; throws when the consumer is closed. */
  protected abstract offsets(): ConsumerOffsets

  /**
   * Reads a partition on from this offset, the first record at or after a Date, or one end of its log. Nothing that was
   * fetched before is given, no ack of it counts. The offset may stand in the partition, as in a record.
   */
  seek(name: TopicPartition, offset: SeekTarget, options?: WaitOptions): Promise<void>
  seek(place: PartitionSeek, options?: WaitOptions): Promise<void>
  async seek(
    name: TopicPartition | PartitionSeek,
    second?: SeekTarget | WaitOptions,
    third?: WaitOptions,
  ): Promise<void> {
    checkPartition('seek', name)
    const { topic, partition } = name
    if (second instanceof Date || (second !== undefined && Object(second) !== second)) {
      return this.seekMany([{ topic, partition, offset: second as SeekTarget }], third)
    }
    const { offset } = name as PartitionSeek
    return this.seekMany([{ topic, partition, offset }], second as WaitOptions | undefined)
  }

  /** Reads these, by default all, from the beginnings of their logs. */
  async seekToBeginning(names: readonly TopicPartition[] = this.assignment(), options?: WaitOptions): Promise<void> {
    await this.#seekAll('seekToBeginning', names, 'earliest', options)
  }

  /** Reads of these, by default of all, what comes from now on. */
  async seekToEnd(names: readonly TopicPartition[] = this.assignment(), options?: WaitOptions): Promise<void> {
    await this.#seekAll('seekToEnd', names, 'latest', options)
  }

  /** The first offset that each log still has. */
  async beginningOffsets(
    names: readonly TopicPartition[] = this.assignment(),
    options?: WaitOptions,
  ): Promise<PartitionOffset[]> {
    checkPartitions('beginningOffsets', names)
    return this.offsets().beginning(names, signalOf('beginningOffsets', options))
  }

  /** The end of each log: the last stable offset under read_committed, else the high watermark. */
  async endOffsets(
    names: readonly TopicPartition[] = this.assignment(),
    options?: WaitOptions,
  ): Promise<PartitionOffset[]> {
    checkPartitions('endOffsets', names)
    return this.offsets().end(names, signalOf('endOffsets', options))
  }

  /** The first record at or after each time; its offset is undefined where there is none. */
  async offsetsForTimes(times: readonly PartitionTime[], options?: WaitOptions): Promise<PartitionOffset[]> {
    checkPartitions('offsetsForTimes', times, '{ topic, partition, timestamp }')
    return this.offsets().atTimes(times, signalOf('offsetsForTimes', options))
  }

  /** Where a log begins, as its last fetch said; undefined before that. No request. */
  cachedBeginningOffset(name: TopicPartition): number | undefined {
    return this.#find('cachedBeginningOffset', name)?.progress.logEnds?.logStart
  }

  /** The high watermark that the last fetch of a partition gave; undefined before that. No request. */
  cachedEndOffset(name: TopicPartition): number | undefined {
    return this.#find('cachedEndOffset', name)?.progress.logEnds?.highWatermark
  }

  /** How many records a partition is behind its last fetch's high watermark; undefined before that. No request. */
  currentLag(name: TopicPartition): number | undefined {
    return this.#find('currentLag', name)?.lag
  }

  /** The lag of every partition. No request: while one is paused, or nothing is asked for, it may grow unseen. */
  lag(): PartitionLag[] {
    return lagsOf(this.partitions())
  }

  #find(what: string, name: TopicPartition): ConsumerPartition | undefined {
    checkPartition(what, name)
    const { topic, partition } = name
    return this.partitions().find((one) => one.topic === topic && one.partition === partition)
  }

  async #seekAll(
    call: string,
    names: readonly TopicPartition[],
    offset: 'earliest' | 'latest',
    options: WaitOptions | undefined,
  ): Promise<void> {
    checkPartitions(call, names)
    const seeks = names.map(({ topic, partition }) => ({ topic, partition, offset }))
    await this.seekMany(seeks, options)
  }
}
