// Where a consumer's logs begin and end, how far it is behind, and going to one of their ends. [main thread]
import { lagsOf, type PartitionLag } from './consumer-lag.ts'
import type { ConsumerOffsets, PartitionOffset, PartitionSeek, PartitionTime } from './consumer-offsets.ts'
import type { ConsumerPartition, TopicPartition } from './consumer-partition.ts'
import { RecordFlows } from './record-flows.ts'

/** What a consumer says about the logs of its partitions. */
export abstract class LogPositions<K, V, E extends { [N in keyof E]: unknown[] }> extends RecordFlows<K, V, E> {
  /** What is assigned. */
  abstract assignment(): TopicPartition[]
  /** Seeks all of these, or none. */
  abstract seekMany(seeks: readonly PartitionSeek[]): Promise<void>
  /** @internal What is read now. */
  protected abstract partitions(): readonly ConsumerPartition[]
  /** @internal Whom to ask for offsets; throws when the consumer is closed. */
  protected abstract offsets(): ConsumerOffsets

  /** Reads these, by default all, from the beginnings of their logs. */
  seekToBeginning(names: readonly TopicPartition[] = this.assignment()): Promise<void> {
    return this.seekMany(names.map(({ topic, partition }) => ({ topic, partition, offset: 'earliest' })))
  }

  /** Reads of these, by default of all, what comes from now on. */
  seekToEnd(names: readonly TopicPartition[] = this.assignment()): Promise<void> {
    return this.seekMany(names.map(({ topic, partition }) => ({ topic, partition, offset: 'latest' })))
  }

  /** The first offset that each log still has. */
  beginningOffsets(names: readonly TopicPartition[] = this.assignment()): Promise<PartitionOffset[]> {
    return this.offsets().beginning(names)
  }

  /** The end of each log: the last stable offset under read_committed, else the high watermark. */
  endOffsets(names: readonly TopicPartition[] = this.assignment()): Promise<PartitionOffset[]> {
    return this.offsets().end(names)
  }

  /** The first record at or after each time; its offset is undefined where there is none. */
  offsetsForTimes(times: readonly PartitionTime[]): Promise<PartitionOffset[]> {
    return this.offsets().atTimes(times)
  }

  /** Where a log begins, as its last fetch said; undefined before that. No request. */
  cachedBeginningOffset(name: TopicPartition): number | undefined {
    return this.#find(name)?.progress.logEnds?.logStart
  }

  /** The high watermark that the last fetch of a partition gave; undefined before that. No request. */
  cachedEndOffset(name: TopicPartition): number | undefined {
    return this.#find(name)?.progress.logEnds?.highWatermark
  }

  /** How many records a partition is behind its last fetch's high watermark; undefined before that. No request. */
  currentLag(name: TopicPartition): number | undefined {
    return this.#find(name)?.lag
  }

  /** The lag of every partition. No request: while one is paused, or nothing is asked for, it may grow unseen. */
  lag(): PartitionLag[] {
    return lagsOf(this.partitions())
  }

  #find({ topic, partition }: TopicPartition): ConsumerPartition | undefined {
    return this.partitions().find((one) => one.topic === topic && one.partition === partition)
  }
}
