// One record as user code holds it: it stays readable and equal for ever. [main, workers]
import type { MillraceError } from '../base/errors.ts'
import {
  HEADERS_START,
  KEY_LENGTH,
  KEY_START,
  OFFSET_DELTA,
  VALUE_LENGTH,
  VALUE_START,
  WORDS_PER_RECORD,
} from '../record/columns.ts'
import { readHeaders } from '../record/headers.ts'
import { type BatchAcks, notConsumed, notTransacted, type OffsetStretch, type TransactedOffset } from './acks.ts'
import { type CommitOptions, commitUntil } from './commit-until.ts'
import { RecordHeaders } from './headers.ts'
import { ToldCommits } from './told-commits.ts'

/** A batch's bytes as memory of main's own, shared by the records taken from it and freed with the last of them. */
export interface OwnedBatch {
  topic: string
  partition: number
  bytes: Buffer
  index: Int32Array
  /** Undefined in an iteration, where there is nothing to acknowledge. */
  acks: BatchAcks | undefined
}

/** A key or value without a deserializer, whose bytes are made when they are first asked for. */
export const UNREAD = Symbol('unread')
export type Unread = typeof UNREAD

/** A record read from a topic. `K` and `V` are what the deserializers give: `Buffer | null` without any. */
export class ConsumerRecord<K = Buffer | null, V = Buffer | null> {
  /** Its offset in the partition. */
  readonly offset: number
  /** Milliseconds since the epoch: of its creation, or of its append where the topic says LogAppendTime. */
  readonly timestamp: number
  readonly #batch: OwnedBatch
  readonly #row: number
  #key: K | Unread
  #value: V | Unread
  #headers: RecordHeaders | undefined

  /** @internal */
  constructor(batch: OwnedBatch, i: number, offset: number, timestamp: number, key: K | Unread, value: V | Unread) {
    this.offset = offset
    this.timestamp = timestamp
    this.#batch = batch
    this.#row = i * WORDS_PER_RECORD
    this.#key = key
    this.#value = value
  }

  get topic(): string {
    return this.#batch.topic
  }

  get partition(): number {
    return this.#batch.partition
  }

  /** The key; null when the record has none. */
  get key(): K {
    if (this.#key === UNREAD) this.#key = this.#bytes(KEY_START, KEY_LENGTH) as K
    return this.#key
  }

  /** The value; null in a tombstone. */
  get value(): V {
    if (this.#value === UNREAD) this.#value = this.#bytes(VALUE_START, VALUE_LENGTH) as V
    return this.#value
  }

  /** The headers, in order, duplicates kept. */
  get headers(): RecordHeaders {
    const { bytes, index } = this.#batch
    this.#headers ??= new RecordHeaders(readHeaders(bytes, index[this.#row + HEADERS_START]!))
    return this.#headers
  }

  /** A key without a value: compaction will remove the key. */
  get isTombstone(): boolean {
    const { index } = this.#batch
    return index[this.#row + KEY_LENGTH]! >= 0 && index[this.#row + VALUE_LENGTH]! < 0
  }

  /** The record is processed: from here on it may be committed. False: refused, the partition is gone or was sought. */
  ack(): boolean {
    const acks = this.#acks()
    return acks.ack(this.offset, this.#end(acks))
  }

  /** The record is processed; commits what is processed of its partition, without a gap. */
  commit(options: CommitOptions = {}): Promise<void> {
    return commitUntil(
      () => this.ack(),
      () => this.#acks().commit(),
      options,
    )
  }

  /** As `commit`; a callback is told what came of it, and then it never rejects. Callbacks of several come in order. */
  commitAsync(
    callback?: (error: MillraceError | undefined, record: this) => void,
    options?: CommitOptions,
  ): Promise<void> {
    const told = this.#batch.acks?.told ?? new ToldCommits()
    return told.tell(this.commit(options), callback && ((error) => callback(error, this)))
  }

  /** @internal Its offsets for a transaction, and those of the records before it in a batch of so many. */
  transact(before: readonly ConsumerRecord<K, V>[]): TransactedOffset {
    const acks = this.#acks()
    if (acks.transact === undefined) throw notTransacted(this)
    return acks.transact([...before, this].map((record) => record.#stretch()))
  }

  /** The record as plain data. */
  toJSON(): object {
    const { topic, partition, offset, timestamp, key, value, headers } = this
    return { topic, partition, offset, timestamp, key: plain(key), value: plain(value), headers }
  }

  [Symbol.for('nodejs.util.inspect.custom')](): object {
    const { topic, partition, offset, timestamp, key, value } = this
    return { topic, partition, offset, timestamp, key, value, headers: [...this.headers] }
  }

  #stretch(): OffsetStretch {
    return { first: this.offset, end: this.#end(this.#acks()) }
  }

  /** Offsets up to the next record hold none. */
  #end({ nextOffset }: BatchAcks): number {
    const { index } = this.#batch
    const next = this.#row + WORDS_PER_RECORD
    if (next >= index.length) return nextOffset
    return this.offset + index[next + OFFSET_DELTA]! - index[this.#row + OFFSET_DELTA]!
  }

  #acks(): BatchAcks {
    if (this.#batch.acks === undefined) throw notConsumed(this)
    return this.#batch.acks
  }

  #bytes(start: number, length: number): Buffer | null {
    const { bytes, index } = this.#batch
    const size = index[this.#row + length]!
    return size < 0 ? null : bytes.subarray(index[this.#row + start]!, index[this.#row + start]! + size)
  }
}

/** Bytes become text in JSON, everything else is as it is. */
const plain = (part: unknown): unknown => (Buffer.isBuffer(part) ? part.toString('utf8') : part)
