// How far a consumer is behind, as the last fetches knew the logs: asked without a request. [main thread]
import type { Clock, Timer } from '../base/clock.ts'
import type { ConsumerPartition, TopicPartition } from './consumer-partition.ts'

/** Records between the position and the high watermark; undefined before the first fetch of the partition. */
export interface PartitionLag extends TopicPartition {
  lag: number | undefined
}

/** Of several partitions, as far as known; undefined when of none. */
export interface LagTotals {
  /** The sum. */
  lag: number | undefined
  /** Of the partition that is farthest behind. */
  lagMax: number | undefined
}

/** What a `lag` listener is told. */
export interface LagReport extends LagTotals {
  partitions: PartitionLag[]
}

/** The lag of each, by name. */
export function lagsOf(partitions: readonly ConsumerPartition[]): PartitionLag[] {
  return partitions.map(({ topic, partition, lag }) => ({ topic, partition, lag }))
}

/** The sum and the most of what is known. */
export function lagTotals(partitions: readonly { lag: number | undefined }[]): LagTotals {
  const known = partitions.flatMap(({ lag }) => (lag === undefined ? [] : [lag]))
  if (known.length === 0) return { lag: undefined, lagMax: undefined }
  return { lag: known.reduce((sum, lag) => sum + lag, 0), lagMax: Math.max(...known) }
}

const REPORT_EVERY_MS = 1_000

interface LagEvents {
  listenerCount(name: 'lag'): number
  emit(name: 'lag', report: LagReport): unknown
}

/** Tells of the lag once a second, where somebody listens. */
export class LagReporter {
  readonly #events: LagEvents
  #timer: Timer | undefined

  constructor(events: LagEvents) {
    this.#events = events
  }

  /** From now on of these. */
  start(clock: Clock, partitions: () => readonly ConsumerPartition[]): void {
    this.#timer = clock.after(REPORT_EVERY_MS, () => {
      this.start(clock, partitions)
      if (this.#events.listenerCount('lag') === 0) return
      const lags = lagsOf(partitions())
      this.#events.emit('lag', { partitions: lags, ...lagTotals(lags) })
    })
  }

  stop(): void {
    this.#timer?.cancel()
  }
}
