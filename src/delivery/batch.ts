// One batch of one partition as user code holds it: cheap to look into, to be released when done. [main, workers]
import { BatchReleased, type MillraceError } from '../base/errors.ts'
import { KEY_LENGTH, KEY_START, VALUE_LENGTH, VALUE_START, WORDS_PER_RECORD } from '../record/columns.ts'
import { type BatchAcks, notConsumed } from './acks.ts'
import type { RecordHeaders } from './headers.ts'
import type { Lease } from './lease.ts'
import { ConsumerRecord, type OwnedBatch, UNREAD } from './record.ts'
import type { RecordDecoder } from './record-decoder.ts'

/** Which part of a wire batch is shown: what lies before the position or after the end is not. */
export interface BatchRange {
  first: number
  end: number
  /** Offset of the first record after the range, when it is a part of what is shown; default: the end of the batch. */
  nextOffset?: number | undefined
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
  readonly #lease: Lease
  readonly #first: number
  readonly #decoder: RecordDecoder<K, V>
  readonly #acks: BatchAcks | undefined
  #owned: OwnedBatch | undefined

  /** @internal */
  constructor(
    topic: string,
    partition: number,
    lease: Lease,
    range: BatchRange,
    decoder: RecordDecoder<K, V>,
    acks?: BatchAcks,
  ) {
    this.topic = topic
    this.partition = partition
    this.count = range.end - range.first
    this.nextOffset = range.nextOffset ?? lease.nextOffset
    this.highWatermark = lease.highWatermark
    this.leaderEpoch = lease.leaderEpoch
    this.#lease = lease
    this.#first = range.first
    this.#decoder = decoder
    this.#acks = acks
    this.baseOffset = this.offsetAt(0)
    this.lastOffset = this.offsetAt(this.count - 1)
  }

  /** Whether `release` was called. */
  get released(): boolean {
    return this.#lease.released
  }

  /** Bytes of its records, decompressed. */
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
    const record = this.decodeAt(i, this.#decoder.policy === 'raw' ? 'raw' : 'fail')
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
    if (i === undefined) return acks.ack(this.baseOffset, this.nextOffset)
    return acks.ack(this.offsetAt(i), i + 1 < this.count ? this.offsetAt(i + 1) : this.nextOffset)
  }

  /** All records are processed; commits what is processed of the partition, without a gap. */
  async commit(): Promise<void> {
    this.ack()
    await this.#acked().commit()
  }

  /** Gives the memory back. The loop over `.batches()` does it by itself. */
  release(): void {
    this.#lease.release()
  }

  [Symbol.dispose](): void {
    this.release()
  }

  /** @internal Records from `first` to before `end`, as a batch of the same memory: releasing one releases both. */
  part(first: number, end: number): Batch<K, V> {
    if (first === 0 && end === this.count) return this
    const nextOffset = end < this.count ? this.offsetAt(end) : this.nextOffset
    const range = { first: this.#first + first, end: this.#first + end, nextOffset }
    return new Batch(this.topic, this.partition, this.#lease, range, this.#decoder, this.#acks)
  }

  /** @internal Record `i`, or undefined when it is to be skipped. */
  decodeAt(i: number, policy = this.#decoder.policy): ConsumerRecord<K, V> | undefined {
    const lease = this.#held()
    const at = this.#at(i)
    const owned = this.own()
    const offset = lease.offsetAt(at)
    const timestamp = lease.timestampAt(at)
    if (!this.#decoder.active) return new ConsumerRecord<K, V>(owned, at, offset, timestamp, UNREAD, UNREAD)
    const raw = new ConsumerRecord<Buffer | null, Buffer | null>(owned, at, offset, timestamp, UNREAD, UNREAD)
    return this.#decoder.decode(raw, policy, (key, value) => {
      return new ConsumerRecord<K, V>(owned, at, offset, timestamp, key, value)
    })
  }

  /** @internal The batch's bytes outside shared memory: one copy, made when the first record is taken. */
  own(): OwnedBatch {
    this.#owned ??= { topic: this.topic, partition: this.partition, acks: this.#acks, ...this.#held().copy() }
    return this.#owned
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

  #acked(): BatchAcks {
    if (this.#acks === undefined) throw notConsumed(this)
    return this.#acks
  }

  #at(i: number): number {
    if (!(i >= 0 && i < this.count)) throw new RangeError(`record ${i} of a batch of ${this.count}`)
    return this.#first + i
  }

  #held(): Lease {
    if (this.#lease.released) throw released(this)
    return this.#lease
  }
}

/** A view over shared memory would change under its holder: it leaves as a copy. */
function copyIfShared<R>(result: R, shared: ArrayBufferLike): R {
  if (!ArrayBuffer.isView(result) || result.buffer !== shared) return result
  const { buffer } = new Uint8Array(new Uint8Array(result.buffer, result.byteOffset, result.byteLength))
  if (Buffer.isBuffer(result)) return Buffer.from(buffer) as R
  return new (result.constructor as new (bytes: ArrayBuffer) => R)(buffer)
}

function released(batch: { topic: string; partition: number }): MillraceError {
  const where = `${batch.topic}[${batch.partition}]`
  const message = `This batch of ${where} was released. Take what you need before release(), or keep its records.`
  return new BatchReleased('BATCH_RELEASED', message, { topic: batch.topic, partition: batch.partition })
}
