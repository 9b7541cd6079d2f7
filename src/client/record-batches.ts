// Batches to a count: records of one partition, whatever the batches they were written in. [main thread]
import type { Clock } from '../base/clock.ts'
import { InvalidOption } from '../base/errors.ts'
import type { TransactedOffset } from '../delivery/acks.ts'
import type { CommitOptions } from '../delivery/commit-until.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import type { Given } from './flow-source.ts'

/** How batches are made. */
export interface RecordBatchesOptions {
  /** Records of a full batch. */
  maxRecords: number
  /** A batch is given when its first record has waited so long, full or not; default 5,000. */
  timeoutMs?: number
}

/** Records of one partition in rising offsets, each with bytes of its own. */
export class RecordBatch<K = Buffer | null, V = Buffer | null> implements Iterable<ConsumerRecord<K, V>> {
  readonly topic: string
  readonly partition: number
  readonly records: readonly ConsumerRecord<K, V>[]

  /** @internal At least one record. */
  constructor(records: readonly ConsumerRecord<K, V>[]) {
    this.topic = records[0]!.topic
    this.partition = records[0]!.partition
    this.records = records
  }

  /** How many records. */
  get count(): number {
    return this.records.length
  }

  /** Of the first record. */
  get baseOffset(): number {
    return this.records[0]!.offset
  }

  /** Of the last record. */
  get lastOffset(): number {
    return this.records.at(-1)!.offset
  }

  [Symbol.iterator](): Iterator<ConsumerRecord<K, V>> {
    return this.records[Symbol.iterator]()
  }

  /** Record `i`, or all, are processed. False: some were refused, the partition is gone or was sought. */
  ack(i?: number): boolean {
    const records = i === undefined ? this.records : [this.records[i]!]
    return records.map((record) => record.ack()).every((counted) => counted)
  }

  /** All are processed; commits what is processed of the partition, without a gap. */
  async commit(options: CommitOptions = {}): Promise<void> {
    options.signal?.throwIfAborted()
    for (const record of this.records.slice(0, -1)) record.ack()
    await this.records.at(-1)!.commit(options)
  }

  /** @internal Its offsets for a transaction: `tx.commitOffsets(batch)`. */
  transact(): TransactedOffset {
    return this.records.at(-1)!.transact(this.records.slice(0, -1))
  }
}

/** Where records come from, one at a time. */
export interface TimedSource<T> {
  /** 'idle' when none came in time, or the source was closed meanwhile. */
  next(timeoutMs: number | undefined): Promise<Given<T> | 'idle' | 'end'>
  /** As of a `FlowSource`. */
  close(): void
  clock(): Promise<Clock>
  /** User code is done with what it was given: it wants more. */
  asked(): void
}

type Records<K, V> = Given<ConsumerRecord<K, V>>[]

interface Group<K, V> {
  key: string
  given: Records<K, V>
  dueMs: number
}

const TIMEOUT_MS = 5_000
const RECORDS_MAX = 10_000_000

/** Batches of partitions as they fill or fall due; one is processed when the next is asked for. */
export class RecordBatches<K, V> implements AsyncIterableIterator<RecordBatch<K, V>, undefined> {
  readonly #source: TimedSource<ConsumerRecord<K, V>>
  readonly #maxRecords: number
  readonly #timeoutMs: number
  readonly #maxBuffered: number
  /** By partition, the one that falls due first in front. */
  readonly #groups = new Map<string, Group<K, V>>()
  /** Records in all of them together. */
  #buffered = 0
  #given: Records<K, V> = []
  #last: RecordBatch<K, V> | undefined
  #over = false

  constructor(
    source: TimedSource<ConsumerRecord<K, V>>,
    { maxRecords, timeoutMs = TIMEOUT_MS }: RecordBatchesOptions,
    maxBufferedRecords: number,
  ) {
    if (!Number.isInteger(maxRecords) || maxRecords < 1 || maxRecords > RECORDS_MAX) {
      throw new InvalidOption('INVALID_OPTION', `batches: maxRecords must be a whole number from 1 to ${RECORDS_MAX}.`)
    }
    if (!(timeoutMs >= 0)) throw new InvalidOption('INVALID_OPTION', 'batches: timeoutMs must be at least 0.')
    this.#source = source
    this.#maxRecords = maxRecords
    this.#timeoutMs = timeoutMs
    // A full batch has to fit.
    this.#maxBuffered = Math.max(maxBufferedRecords, maxRecords)
  }

  /** @internal The batch that its loop has in hand, once. */
  empty(): RecordBatch<K, V> | undefined {
    const last = this.#last
    this.#last = undefined
    return last
  }

  async next(): Promise<IteratorResult<RecordBatch<K, V>, undefined>> {
    for (const given of this.#given.splice(0)) given.done()
    this.#last = undefined
    this.#source.asked()
    const clock = await this.#source.clock()
    while (!this.#over) {
      const [first] = this.#groups.values()
      const leftMs = first === undefined ? undefined : first.dueMs - clock.now()
      // With no room for another record nothing is asked for: the one that has waited longest goes as it is.
      if (leftMs !== undefined && (leftMs <= 0 || this.#buffered >= this.#maxBuffered)) {
        const due = this.#give(first!)
        if (due !== undefined) return due
        continue
      }
      const given = await this.#source.next(leftMs).catch(async (error) => {
        // Whoever met an error does not come back.
        await this.return()
        throw error
      })
      // Left meanwhile: the source has it back.
      if (given === 'end' || this.#over) break
      if (given === 'idle') continue
      const group = this.#groupOf(given.value, clock)
      group.given.push(given)
      this.#buffered++
      const full = group.given.length >= this.#maxRecords ? this.#give(group) : undefined
      if (full !== undefined) return full
    }
    return this.return()
  }

  async return(): Promise<IteratorResult<RecordBatch<K, V>, undefined>> {
    this.#over = true
    for (const given of this.#given.splice(0)) given.left()
    this.#last = undefined
    for (const { given } of this.#groups.values()) for (const one of given) one.unread()
    this.#groups.clear()
    this.#buffered = 0
    this.#source.close()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #groupOf(record: ConsumerRecord<K, V>, clock: Clock): Group<K, V> {
    const key = `${record.topic}/${record.partition}`
    const known = this.#groups.get(key)
    if (known !== undefined) return known
    const group = { key, given: [], dueMs: clock.now() + this.#timeoutMs }
    this.#groups.set(key, group)
    return group
  }

  /** The group as a batch, unless a seek left nothing of it. */
  #give(group: Group<K, V>): IteratorResult<RecordBatch<K, V>, undefined> | undefined {
    this.#groups.delete(group.key)
    this.#buffered -= group.given.length
    this.#given = group.given.filter(({ stale }) => !stale)
    if (this.#given.length === 0) return undefined
    for (const given of this.#given) given.seen()
    this.#last = new RecordBatch(this.#given.map(({ value }) => value))
    return { done: false, value: this.#last }
  }
}
