// One batch of one partition as user code holds it: cheap to look into, to be released when done. [main, workers]
import { BatchReleased, InvalidOption, type MillraceError } from '../base/errors.ts'
import { KEY_LENGTH, KEY_START, VALUE_LENGTH, VALUE_START, WORDS_PER_RECORD } from '../record/columns.ts'
import { type BatchAcks, notConsumed, notTransacted, type TransactedOffset } from './acks.ts'
import { type CommitOptions, commitUntil } from './commit-until.ts'
import type { RecordHeaders } from './headers.ts'
import type { Lease } from './lease.ts'
import { ConsumerRecord, type OwnedBatch, UNREAD } from './record.ts'
import type { RecordDecoder } from './record-decoder.ts'

/** Which part of a wire batch is shown: what lies before the position or after the end is not. */
export interface BatchRange {
  first: number
  end: number
}

/** What gives memory back, once. */
interface Hold {
  readonly released: boolean
  release(): void
}

/** What all parts of a batch have in common. */
interface Whole<K, V> {
  readonly lease: Lease
  readonly decoder: RecordDecoder<K, V>
  readonly acks: BatchAcks | undefined
  /** The first row after those that are shown of the wire batch. */
  readonly end: number
  owned: OwnedBatch | undefined
}

/** Which offsets are processed. */
export interface Pending {
  isDone(offset: number): boolean
  /** The first stretch that is not, at or after `first` and before `end`. */
  pending(first: number, end: number): { first: number; end: number } | undefined
}

/** Some rows of it, in rising order: a stretch from `first` to before `end`, or chosen ones. */
interface Part {
  first: number
  end: number
  rows?: Int32Array | undefined
  hold: Hold
}

/**
 * Records of one partition in rising offsets. Numbers are read in place; bytes are seen inside `withValue` and
 * `withKey`, or come with the records of an iteration over the batch, which own theirs. After `release` every access
 * but to `topic`, `partition`, offsets of the batch and `count` throws `BatchReleased`.
 */
export class Batch<K = Buffer | null, V = Buffer | null> implements Iterable<ConsumerRecord<K, V>> {
  readonly topic: string
  readonly partition: number
  /** Offset of the first record shown. */
  readonly baseOffset: number
  /** Offset of the last record shown. */
  readonly lastOffset: number
  /** Records shown. */
  readonly count: number
  /** The offset after the batch, also where its last records are compacted away or hidden. */
  readonly nextOffset: number
  /** The partition's high watermark when the batch was fetched. */
  readonly highWatermark: number
  /** Leader epoch under which the batch was written. */
  readonly leaderEpoch: number
  readonly #whole: Whole<K, V>
  readonly #lease: Lease
  readonly #first: number
  readonly #rows: Int32Array | undefined
  readonly #hold: Hold
  /** The offsets of chosen rows, when they can be read no more. */
  #stretches: { first: number; end: number }[] | undefined

  /** @internal Rows of a lease; or a part of such a batch. */
  constructor(topic: string, partition: number, whole: Whole<K, V>, part: Part) {
    const { lease } = whole
    this.topic = topic
    this.partition = partition
    this.count = part.rows?.length ?? part.end - part.first
    this.highWatermark = lease.highWatermark
    this.leaderEpoch = lease.leaderEpoch
    this.#whole = whole
    this.#lease = lease
    this.#first = part.first
    this.#rows = part.rows
    this.#hold = part.hold
    this.nextOffset = this.#endOf(this.#at(this.count - 1))
    this.baseOffset = this.offsetAt(0)
    this.lastOffset = this.offsetAt(this.count - 1)
  }

  /** @internal Rows of a lease, which it releases. */
  static of<K, V>(
    name: { topic: string; partition: number },
    lease: Lease,
    { first, end }: BatchRange,
    decoder: RecordDecoder<K, V>,
    acks?: BatchAcks,
  ): Batch<K, V> {
    const whole = { lease, decoder, acks, end, owned: undefined }
    return new Batch(name.topic, name.partition, whole, { first, end, hold: lease })
  }

  /** Whether `release` was called. */
  get released(): boolean {
    return this.#hold.released
  }

  /** Bytes of its records, decompressed; of a part of a batch: of the whole. */
  get sizeBytes(): number {
    return this.#lease.recordsBytes
  }

  /** The offset of record `i`. */
  offsetAt(i: number): number {
    return this.#held().offsetAt(this.#at(i))
  }

  /** The timestamp of record `i`, ms since the epoch. */
  timestampAt(i: number): number {
    return this.#held().timestampAt(this.#at(i))
  }

  /** Bytes of the value of record `i`, -1 for null. */
  valueLength(i: number): number {
    return this.#word(i, VALUE_LENGTH)
  }

  /** Bytes of the key of record `i`, -1 for null. */
  keyLength(i: number): number {
    return this.#word(i, KEY_LENGTH)
  }

  /** Calls `use` with the value of record `i` where it lies. Do not keep the view: what `use` returns is copied. */
  withValue<R>(i: number, use: (value: Buffer | null) => R): R {
    return this.#lend(i, VALUE_START, VALUE_LENGTH, use)
  }

  /** Calls `use` with the key of record `i` where it lies, as `withValue` does. */
  withKey<R>(i: number, use: (key: Buffer | null) => R): R {
    return this.#lend(i, KEY_START, KEY_LENGTH, use)
  }

  /** The headers of record `i`. */
  headersAt(i: number): RecordHeaders {
    return new ConsumerRecord(this.own(), this.#at(i), 0, 0, UNREAD, UNREAD).headers
  }

  /** Record `i`, with bytes of its own. Throws what its deserializer threw, unless the policy is `raw`. */
  recordAt(i: number): ConsumerRecord<K, V> {
    const record = this.decodeAt(i, this.#whole.decoder.policy === 'raw' ? 'raw' : 'fail')
    return record as ConsumerRecord<K, V>
  }

  /** The records, with bytes of their own. Those that cannot be deserialized follow `onDeserializationError`. */
  *[Symbol.iterator](): Generator<ConsumerRecord<K, V>, undefined> {
    for (let i = 0; i < this.count; i++) {
      const record = this.decodeAt(i)
      if (record !== undefined) yield record
    }
    return undefined
  }

  /** Record `i`, or all, are processed: from here on they may be committed. False: refused, the partition is gone. */
  ack(i?: number): boolean {
    const acks = this.#acked()
    if (i !== undefined) return acks.ack(this.offsetAt(i), this.#endOf(this.#at(i)))
    if (this.#rows === undefined) return acks.ack(this.baseOffset, this.nextOffset)
    if (this.released && this.#stretches === undefined) throw released(this)
    let counted = true
    for (const { first, end } of this.#stretches ?? this.#stretchesOf(this.#rows)) counted = acks.ack(first, end)
    return counted
  }

  /** All records are processed; commits what is processed of the partition, without a gap. */
  commit(options: CommitOptions = {}): Promise<void> {
    return commitUntil(
      () => this.ack(),
      () => this.commitFloor(),
      options,
    )
  }

  /** Gives the memory back. The loop over `.batches()` does it by itself. */
  release(): void {
    // A handler may release its batch before it ends; all of it counts as processed then.
    if (this.#rows !== undefined && !this.released) this.#stretches = this.#stretchesOf(this.#rows)
    this.#hold.release()
  }

  [Symbol.dispose](): void {
    this.release()
  }

  /** @internal Commits what is processed of the partition, without a gap. */
  commitFloor(): Promise<void> {
    return this.#acked().commit()
  }

  /** @internal Records from `first` to before `end`, as a batch of the same memory: releasing one releases both. */
  part(first: number, end: number): Batch<K, V> {
    if (first === 0 && end === this.count) return this
    if (this.#rows !== undefined) return this.#pick(this.#rows.subarray(first, end), this.#hold)
    const part = { first: this.#first + first, end: this.#first + end, hold: this.#hold }
    return new Batch(this.topic, this.partition, this.#whole, part)
  }

  /** @internal Records from `first` to before `end` once more, also of a released batch: some were taken out. */
  again(first: number, end: number): Batch<K, V> {
    this.#lease.readFrom(this.#whole.owned!)
    const part = { first: this.#first + first, end: this.#first + end, hold: new Kept() }
    return new Batch(this.topic, this.partition, this.#whole, part)
  }

  /** @internal What is not processed yet: the first stretch of it, or of chosen records all. */
  left(offsets: Pending): Batch<K, V> | undefined {
    const range = offsets.pending(this.baseOffset, this.nextOffset)
    if (range === undefined) return undefined
    const whole = range.first === this.baseOffset && range.end === this.nextOffset
    if (this.#rows === undefined) return whole ? this : this.part(this.#rowOf(range.first), this.#rowOf(range.end))
    const rows = whole ? this.#rows : this.#rows.filter((row) => !offsets.isDone(this.#held().offsetAt(row)))
    if (rows.length === 0) return undefined
    return rows.length === this.count ? this : this.#pick(rows, this.#hold)
  }

  /** @internal The records at these places, as batches of the same memory, which is free when all are released. */
  split(places: readonly (readonly number[])[]): Batch<K, V>[] {
    if (places.length === 1) return [this]
    const left = { count: places.length }
    return places.map((some) => {
      const rows = Int32Array.from(some, (i) => this.#at(i))
      return this.#pick(rows, new Share(left, this.#hold))
    })
  }

  /** @internal Record `i`, or undefined when it is to be skipped. */
  decodeAt(i: number, policy = this.#whole.decoder.policy): ConsumerRecord<K, V> | undefined {
    const { decoder } = this.#whole
    const lease = this.#held()
    const at = this.#at(i)
    const owned = this.own()
    const offset = lease.offsetAt(at)
    const timestamp = lease.timestampAt(at)
    if (!decoder.active) return new ConsumerRecord<K, V>(owned, at, offset, timestamp, UNREAD, UNREAD)
    const raw = new ConsumerRecord<Buffer | null, Buffer | null>(owned, at, offset, timestamp, UNREAD, UNREAD)
    return decoder.decode(raw, policy, (key, value) => {
      return new ConsumerRecord<K, V>(owned, at, offset, timestamp, key, value)
    })
  }

  /** @internal The batch's bytes outside shared memory: one copy, made when the first record is taken. */
  own(): OwnedBatch {
    const { topic, partition } = this
    const lease = this.#held()
    this.#whole.owned ??= { topic, partition, acks: this.#whole.acks, ...lease.copy() }
    return this.#whole.owned
  }

  #pick(rows: Int32Array, hold: Hold): Batch<K, V> {
    return new Batch(this.topic, this.partition, this.#whole, { first: 0, end: 0, rows, hold })
  }

  /** The first record at or after an offset. */
  #rowOf(offset: number): number {
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.offsetAt(middle) < offset) low = middle + 1
      else high = middle
    }
    return low
  }

  #stretchesOf(rows: Int32Array): { first: number; end: number }[] {
    return Array.from(rows, (row) => ({ first: this.#lease.offsetAt(row), end: this.#endOf(row) }))
  }

  /** The first offset that belongs to no record up to this row. */
  #endOf(row: number): number {
    const lease = this.#lease
    return row + 1 < this.#whole.end ? lease.offsetAt(row + 1) : lease.nextOffset
  }

  #lend<R>(i: number, start: number, length: number, use: (bytes: Buffer | null) => R): R {
    const lease = this.#held()
    const row = lease.indexStart + this.#at(i) * WORDS_PER_RECORD
    const size = lease.index[row + length]!
    if (size < 0) return use(null)
    const from = lease.bytes.byteOffset + lease.recordsStart + lease.index[row + start]!
    const result = use(Buffer.from(lease.bytes.buffer as ArrayBuffer, from, size))
    return copyIfShared(result, lease.bytes.buffer)
  }

  #word(i: number, column: number): number {
    const lease = this.#held()
    return lease.index[lease.indexStart + this.#at(i) * WORDS_PER_RECORD + column]!
  }

  /** @internal Its offsets for a transaction: `tx.commitOffsets(batch)`. */
  transact(): TransactedOffset {
    const acks = this.#acked()
    if (acks.transact === undefined || this.#rows !== undefined) throw notTransacted(this)
    return acks.transact([{ first: this.baseOffset, end: this.nextOffset }])
  }

  #acked(): BatchAcks {
    const { acks } = this.#whole
    if (acks === undefined) throw notConsumed(this)
    return acks
  }

  #at(i: number): number {
    if (!(i >= 0 && i < this.count)) throw noRecord(this, i)
    return this.#rows === undefined ? this.#first + i : this.#rows[i]!
  }

  #held(): Lease {
    if (this.#hold.released) throw released(this)
    return this.#lease
  }
}

/** One of several holds on the same memory. */
class Share implements Hold {
  released = false
  readonly #left: { count: number }
  readonly #whole: Hold

  constructor(left: { count: number }, whole: Hold) {
    this.#left = left
    this.#whole = whole
  }

  release(): void {
    if (this.released) return
    this.released = true
    this.#left.count--
    if (this.#left.count === 0) this.#whole.release()
  }
}

/** Memory of main's own, which the collector frees. */
class Kept implements Hold {
  released = false

  release(): void {
    this.released = true
  }
}

/** A view over shared memory would change under its holder: it leaves as a copy. */
function copyIfShared<R>(result: R, shared: ArrayBufferLike): R {
  if (!ArrayBuffer.isView(result) || result.buffer !== shared) return result
  const { buffer } = new Uint8Array(new Uint8Array(result.buffer, result.byteOffset, result.byteLength))
  if (Buffer.isBuffer(result)) return Buffer.from(buffer) as R
  return new (result.constructor as new (bytes: ArrayBuffer) => R)(buffer)
}

function noRecord({ topic, partition, count }: Batch<unknown, unknown>, i: number): InvalidOption {
  const text = `This batch of ${topic}[${partition}] has no record ${i}: it has ${count}, numbered from 0.`
  return new InvalidOption('NO_SUCH_RECORD', text, { topic, partition })
}

function released(batch: { topic: string; partition: number }): MillraceError {
  const where = `${batch.topic}[${batch.partition}]`
  const message = `This batch of ${where} was released. Take what you need before release(), or keep its records.`
  return new BatchReleased('BATCH_RELEASED', message, { topic: batch.topic, partition: batch.partition })
}
