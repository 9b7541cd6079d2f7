// Where a table that reads by itself gets its records: an iteration of its own, or a consumer of the user's.
// [main thread]
import { InvalidOption } from '../base/errors.ts'
import type { Batch } from '../delivery/batch.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import type { Consumer } from './consumer.ts'
import type { Iteration } from './iteration.ts'
import type { From, TopicsArgument } from './iteration-spec.ts'
import type { IterateOptions } from './options.ts'
import type { PartitionCount } from './partition-count.ts'
import type { ConsumerTableOptions, TableOptions } from './table-options.ts'

/** Records for a table. */
export interface TableSource<K, V> {
  /** What reads now. */
  readonly reader: Iteration<K, V> | Consumer<K, V>
  /** Everything up to the ends seen at the start was given. */
  readonly isScanned: boolean
  /** Everything that is known to be there was given. */
  readonly isCaughtUp: boolean
  /** The next records, valid until the next call; perhaps none. Undefined: no more will come. */
  next(): Promise<Iterable<ConsumerRecord<K, V>> | undefined>
  /** Ends what was opened for the table. */
  close(): Promise<void>
}

/** Makes an iteration, as `kafka.iterate`. */
export type Iterate = (topics: TopicsArgument, options: IterateOptions) => Iteration<unknown, unknown>

/** What a table that reads by itself asks of the client. */
export interface TableClient {
  iterate: Iterate
  partitionCount(topic: string): PartitionCount
}

/** The source that the options ask for; wrong ones are an `InvalidOption` at once. */
export function tableSource(
  topic: string,
  given: TableOptions | ConsumerTableOptions<unknown, unknown>,
  client: TableClient,
): TableSource<unknown, unknown> {
  if (typeof topic !== 'string' || topic === '') {
    throw new InvalidOption('INVALID_ARGUMENT', 'table takes the name of one topic.')
  }
  const { onError, ...options } = given
  if (onError !== undefined && typeof onError !== 'function') {
    throw new InvalidOption('INVALID_OPTION', 'onError must be a function.')
  }
  if (!('consumer' in options)) {
    const iterate: Iterate = (topics, bounds) => client.iterate(topics, { ...options, ...bounds })
    return new IterationTableSource(topic, iterate, client.partitionCount(topic))
  }
  const { consumer, ...others } = options
  const other = Object.keys(others)[0]
  if (other !== undefined) {
    const text = `table({ consumer, ${other} }): the consumer has its options already; leave ${other} out.`
    throw new InvalidOption('INVALID_OPTION', text)
  }
  return new ConsumerTableSource(topic, consumer)
}

/** How often it is looked at whether a quiet table has caught up. */
const IDLE_MS = 100

/** Scans a topic to the ends it has, then reads on for ever, also partitions that are added; without a group. */
export class IterationTableSource<K, V> implements TableSource<K, V> {
  readonly #topic: string
  readonly #iterate: (topics: TopicsArgument, bounds: IterateOptions) => Iteration<K, V>
  readonly #count: PartitionCount
  readonly #ends = new Map<number, number>()
  /** Where the readers before this one stopped. */
  readonly #positions = new Map<number, number>()
  #reader: Iteration<K, V>
  #batches: AsyncIterableIterator<Batch<K, V> | undefined, undefined>
  /** Reads all on; else it scans those that are new. */
  #tailing = false
  #isScanned = false
  #isCaughtUp = false
  #closed = false

  constructor(
    topic: string,
    iterate: (topics: TopicsArgument, bounds: IterateOptions) => Iteration<K, V>,
    count: PartitionCount,
  ) {
    this.#topic = topic
    this.#iterate = iterate
    this.#count = count
    this.#reader = iterate(topic, { until: 'end' })
    this.#batches = this.#reader.batches()
  }

  get reader(): Iteration<K, V> {
    return this.#reader
  }

  get isScanned(): boolean {
    return this.#isScanned
  }

  get isCaughtUp(): boolean {
    return this.#isCaughtUp
  }

  async next(): Promise<Iterable<ConsumerRecord<K, V>> | undefined> {
    if (this.#tailing) await this.#look()
    const { done, value: batch } = await this.#batches.next()
    if (this.#closed) return undefined
    if (done) return this.#tailing ? undefined : this.#tail()
    // None came for a while.
    if (batch === undefined) return []
    this.#ends.set(batch.partition, batch.highWatermark)
    return batch
  }

  async close(): Promise<void> {
    this.#closed = true
    await this.#reader.close()
  }

  /** Goes on with all where the scan ended. */
  async #tail(): Promise<[]> {
    await this.#leave()
    this.#open(Object.fromEntries(this.#positions), { until: 'never', idleMs: IDLE_MS })
    this.#tailing = true
    this.#isScanned = true
    this.#isCaughtUp = true
    return []
  }

  /** A position passes markers and aborted records as well, which no batch tells of. */
  async #look(): Promise<void> {
    const positions = await this.#reader.positions()
    this.#isCaughtUp = positions.every(({ partition, offset }) => offset >= (this.#ends.get(partition) ?? 0))
    const count = await this.#count.latest()
    if (count > positions.length) await this.#scan(positions.length, count)
  }

  /** Partitions from `first` to before `end` were added: they are scanned as all were at first. */
  async #scan(first: number, end: number): Promise<void> {
    await this.#leave()
    const added = Array.from({ length: end - first }, (_, i) => [first + i, 'earliest'] as const)
    this.#open(Object.fromEntries(added), { until: 'end' })
    this.#tailing = false
    this.#isCaughtUp = false
  }

  async #leave(): Promise<void> {
    await this.#batches.return?.()
    for (const { partition, offset } of await this.#reader.positions()) this.#positions.set(partition, offset)
    await this.#reader.close()
  }

  #open(partitions: Record<number, From>, bounds: IterateOptions): void {
    this.#reader = this.#iterate({ [this.#topic]: { partitions } }, bounds)
    this.#batches = this.#reader.batches()
    if (this.#closed) void this.#reader.close()
  }
}

/** Takes what a consumer gives; it belongs to the user, who closes it. */
export class ConsumerTableSource<K, V> implements TableSource<K, V> {
  readonly reader: Consumer<K, V>
  readonly #topic: string
  #ends: { partition: number; offset: number | undefined }[] | undefined
  #isScanned = false
  #closed = false

  constructor(topic: string, consumer: Consumer<K, V>) {
    this.#topic = topic
    this.reader = consumer
  }

  get isScanned(): boolean {
    return this.#isScanned
  }

  get isCaughtUp(): boolean {
    if (!this.#isScanned) return false
    return this.reader.lag().every(({ topic, lag }) => topic !== this.#topic || lag === undefined || lag === 0)
  }

  async next(): Promise<Iterable<ConsumerRecord<K, V>> | undefined> {
    if (this.#closed) return undefined
    if (!this.#isScanned) await this.#look()
    const { outcome, records } = await this.reader.recvBatch({ timeoutMs: IDLE_MS })
    if (outcome === 'closed' || this.#closed) return undefined
    return records.filter(({ topic }) => topic === this.#topic)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  /** The ends are asked once, as soon as partitions are assigned; partitions that went since are not waited for. */
  async #look(): Promise<void> {
    const mine = this.reader.assignment().filter(({ topic }) => topic === this.#topic)
    if (mine.length === 0) return
    this.#ends ??= await this.reader.endOffsets(mine)
    for (const { partition, offset = 0 } of this.#ends) {
      if (!mine.some((one) => one.partition === partition)) continue
      const position = await this.reader.position({ topic: this.#topic, partition })
      if ((position ?? 0) < offset) return
    }
    this.#isScanned = true
  }
}
