// What a consumer has read, and where it stands. [main thread]
import type { LagTotals } from './consumer-lag.ts'
import type { ConsumerPartition, TopicPartition } from './consumer-partition.ts'
import type { IterationStats } from './read-stats.ts'

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
  /** Records behind the position, as the last fetch knew the log; undefined before the first one. */
  lag: number | undefined
}

/** What a consumer has read, and where it stands. */
export interface ConsumerStats extends IterationStats, LagTotals {
  partitions: PartitionStats[]
}

/** Of one partition, now. */
export function partitionStats(one: ConsumerPartition): PartitionStats {
  one.settle()
  const { topic, partition, position, paused, lag, tracker } = one
  const { floor, committed, gapCount: gaps, doneAhead } = tracker
  return { topic, partition, position, floor, committed, gaps, doneAhead, paused, lag }
}
