// Where a table that reads by itself gets its records: an iteration of its own, or a consumer of the user's.
// [main thread]
import type { Clock } from '../base/clock.ts'
import { Closed, InvalidOption, MillraceError, PartitionNotFound, Timeout } from '../base/errors.ts'
import type { Batch } from '../delivery/batch.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import type { Consumer } from './consumer.ts'
import type { Iteration } from './iteration.ts'
import type { From, TopicsArgument } from './iteration-spec.ts'
import type { IterateOptions } from './options.ts'
import type { PartitionCount } from './partition-count.ts'
import { retry } from './retry.ts'
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
  clock(): Promise<Clock>
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
    return new IterationTableSource(topic, { ...client, iterate })
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

/** What fails for a moment is tried again after this, then after twice as long, and so on. */
const AGAIN = { retries: Number.POSITIVE_INFINITY, backoffMs: 100, maxBackoffMs: 10_000, jitter: 0.2 }

/** Partitions that were added, until it is known where they begin and end. */
interface Added<K, V> {
  reader: Iteration<K, V>
  isKnown: boolean
  error?: unknown
}

/** Scans a topic to the ends it has, then reads on for ever, also partitions that are added; without a group. */
export class IterationTableSource<K, V> implements TableSource<K, V> {
  readonly #topic: string
  readonly #client: TableClient
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
  readonly #closing = new AbortController()
  #added: Added<K, V> | undefined

  constructor(topic: string, client: TableClient) {
    this.#topic = topic
    this.#client = client
    this.#count = client.partitionCount(topic)
    this.#reader = this.#iterate(topic, { until: 'end' })
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
    if (this.#closing.signal.aborted) return undefined
    if (done) return this.#tailing ? undefined : this.#tail()
    // None came for a while.
    if (batch === undefined) return []
    this.#ends.set(batch.partition, batch.highWatermark)
    return batch
  }

  async close(): Promise<void> {
    this.#closing.abort(new Closed('TABLE_CLOSED', `The table of ${this.#topic} was closed.`))
    await this.#added?.reader.close()
    await this.#leave()
  }

  /** Goes on with all where the scan ended. */
  async #tail(): Promise<[]> {
    for (const { partition, offset } of await this.#reader.positions()) this.#positions.set(partition, offset)
    await this.#leave()
    this.#read(this.#partitions(Object.fromEntries(this.#positions), { until: 'never', idleMs: IDLE_MS }))
    this.#tailing = true
    this.#isScanned = true
    this.#isCaughtUp = true
    return []
  }

  /** A position passes markers and aborted records as well, which no batch tells of. */
  async #look(): Promise<void> {
    const positions = await this.#started(this.#reader, isTransient)
    const count = await this.#count.latest()
    const given = positions.every(({ partition, offset }) => offset >= (this.#ends.get(partition) ?? 0))
    this.#isCaughtUp = given && count <= positions.length
    if (count > positions.length) await this.#scan(positions.length, count)
  }

  /**
   * Partitions from `first` to before `end` were added: they are scanned as all were at first, as soon as it is known
   * where they begin and end. The others are read on meanwhile.
   */
  async #scan(first: number, end: number): Promise<void> {
    this.#added ??= this.#find(first, end)
    const { reader, isKnown, error } = this.#added
    if (error !== undefined) throw error
    if (!isKnown) return
    this.#added = undefined
    for (const { partition, offset } of await this.#reader.positions()) this.#positions.set(partition, offset)
    await this.#leave()
    this.#read(reader)
    this.#tailing = false
  }

  #find(first: number, end: number): Added<K, V> {
    const partitions = Array.from({ length: end - first }, (_, i) => [first + i, 'earliest'] as const)
    const reader = this.#partitions(Object.fromEntries(partitions), { until: 'end' })
    const added: Added<K, V> = { reader, isKnown: false }
    // Those who make a partition do not wait until each broker has heard of it.
    this.#started(reader, (error) => isTransient(error) || error instanceof PartitionNotFound).then(
      () => {
        added.isKnown = true
      },
      (error) => {
        added.error = error
      },
    )
    return added
  }

  /** The positions of a reader, once it knows where to start. */
  async #started(reader: Iteration<K, V>, retriable: (error: unknown) => boolean) {
    const clock = await this.#client.clock()
    return retry(() => reader.positions(), { ...AGAIN, clock, retriable, signal: this.#closing.signal })
  }

  async #leave(): Promise<void> {
    await this.#batches.return?.()
    await this.#reader.close()
  }

  #partitions(partitions: Record<number, From>, bounds: IterateOptions): Iteration<K, V> {
    return this.#iterate({ [this.#topic]: { partitions } }, bounds)
  }

  #iterate(topics: TopicsArgument, bounds: IterateOptions): Iteration<K, V> {
    return this.#client.iterate(topics, bounds) as Iteration<K, V>
  }

  #read(reader: Iteration<K, V>): void {
    this.#reader = reader
    this.#batches = reader.batches()
    if (this.#closing.signal.aborted) void reader.close()
  }
}

/** Brokers that are away, or late: another attempt may do better. */
const isTransient = (error: unknown) =>
  error instanceof MillraceError && (error.retriable || error instanceof Timeout) && !error.fatal

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
    this.#ends ??= await this.reader.endOffsets(mine).catch((error) => {
      if (!isTransient(error)) throw error
      // Asked again at the next look.
      return undefined
    })
    if (this.#ends === undefined) return
    for (const { partition, offset = 0 } of this.#ends) {
      if (!mine.some((one) => one.partition === partition)) continue
      const position = await this.reader.position({ topic: this.#topic, partition })
      if ((position ?? 0) < offset) return
    }
    this.#isScanned = true
  }
}
