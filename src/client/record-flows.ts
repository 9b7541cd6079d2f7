// What can be done with records without a loop: filter, map, take, streams. [main thread]
import { EventEmitter } from 'node:events'
import type { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import type { ConsumerRecord } from '../delivery/record.ts'
import type { Flow, MapOptions, Parts } from './flow.ts'
import type { WaitOptions } from './wait-options.ts'

type Events<E> = { [N in keyof E]: unknown[] }

/** Something whose records flow; each of these begins where the one before stopped. */
export abstract class RecordFlows<K, V, E extends Events<E>> extends EventEmitter<E> {
  /** All records, lazily. */
  abstract flow(): Flow<ConsumerRecord<K, V>>

  /** Records for which `test` says true; the others are processed. Lazy: chain `map`, `take` and their like to it. */
  filter(test: (record: ConsumerRecord<K, V>) => boolean | Promise<boolean>): Flow<ConsumerRecord<K, V>> {
    return this.flow().filter(test)
  }

  /** What `fn` makes of each record; `concurrency` calls at once, each record processed when its call fulfils. */
  map<U>(fn: (record: ConsumerRecord<K, V>) => U | Promise<U>, options?: MapOptions): Flow<U> {
    return this.flow().map(fn, options)
  }

  /** All that `fn` makes of each record. */
  flatMap<U>(fn: (record: ConsumerRecord<K, V>) => Parts<U> | Promise<Parts<U>>): Flow<U> {
    return this.flow().flatMap(fn)
  }

  /** The next `count` records: exactly these are processed, and the consumer stays open. */
  take(count: number): Flow<ConsumerRecord<K, V>> {
    return this.flow().take(count)
  }

  /** All but the next `count` records, which are processed unseen. */
  drop(count: number): Flow<ConsumerRecord<K, V>> {
    return this.flow().drop(count)
  }

  /** The next record, which is processed then; undefined when the consumer is closed. */
  async first(options?: WaitOptions): Promise<ConsumerRecord<K, V> | undefined> {
    return this.flow().first(options)
  }

  /** The next record for which `test` says true. It and those before it are processed. */
  async find(
    test: (record: ConsumerRecord<K, V>) => boolean | Promise<boolean>,
    options?: WaitOptions,
  ): Promise<ConsumerRecord<K, V> | undefined> {
    return this.flow().find(test, options)
  }

  /** All records until the consumer is closed, or the signal fires: then it rejects only when there are none. */
  async toArray(options?: WaitOptions): Promise<ConsumerRecord<K, V>[]> {
    return this.flow().toArray(options)
  }

  /** What `fn` makes of all records until the consumer is closed, or the signal fires: see `Flow.reduce`. */
  async reduce<A>(
    fn: (sum: A, record: ConsumerRecord<K, V>) => A | Promise<A>,
    initial: A,
    options?: WaitOptions,
  ): Promise<A> {
    return this.flow().reduce(fn, initial, options)
  }

  /** A Node.js stream of records. One is processed when the one after it is taken; in a pipe, by its `ack()`. */
  toReadable(): Readable {
    return this.flow().toReadable()
  }

  /** A web stream of records. One is processed when the one after it is asked for. */
  toWeb(): ReadableStream<ConsumerRecord<K, V>> {
    return this.flow().toWeb()
  }
}
