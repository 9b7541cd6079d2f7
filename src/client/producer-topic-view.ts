// A producer that knows its topic. [main thread]
import type { Sendable } from '../delivery/serdes.ts'
import type { RecordMetadata } from './producer-deliveries.ts'
import type { ProducerRecord, SendOptions, TopicRecord } from './producer-record.ts'
import { type AnyRecord, inTopic, type SendCallOptions } from './producer-sender.ts'

/** A producer, or a transaction. */
export interface RecordTaker<K, V> {
  send(record: ProducerRecord<K, V>, options?: SendCallOptions): Promise<RecordMetadata>
  sendBatch(topic: string, values: readonly (V | null)[], options?: SendCallOptions): Promise<RecordMetadata[]>
  enqueue(record: ProducerRecord<K, V>, options?: SendOptions): Promise<void> | undefined
}

/** What `producer.topic(name)` and `tx.topic(name)` give: nothing of its own, so there is nothing to close. */
export class TopicProducer<K = Sendable, V = Sendable> {
  readonly name: string
  readonly #taker: RecordTaker<K, V>

  /** @internal */
  constructor(taker: RecordTaker<K, V>, name: string) {
    this.#taker = taker
    this.name = name
  }

  /** As `send` of the producer, without the topic. */
  send(record: TopicRecord<K, V>, options?: SendCallOptions): Promise<RecordMetadata> {
    return this.#taker.send(this.#located(record), options)
  }

  /** Plain values. */
  sendBatch(values: readonly (V | null)[], options?: SendCallOptions): Promise<RecordMetadata[]> {
    return this.#taker.sendBatch(this.name, values, options)
  }

  /** As `enqueue` of the producer, without the topic. */
  enqueue(record: TopicRecord<K, V>, options?: SendOptions): Promise<void> | undefined {
    return this.#taker.enqueue(this.#located(record), options)
  }

  #located(record: TopicRecord<K, V>): ProducerRecord<K, V> {
    return inTopic(this.name, record as TopicRecord<unknown, unknown>) as AnyRecord as ProducerRecord<K, V>
  }
}
