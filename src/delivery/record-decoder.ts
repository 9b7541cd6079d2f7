// How the keys and values of one topic are read, and what happens when one cannot be. [main, workers]
import { MillraceError, Serialization } from '../base/errors.ts'
import { type ConsumerRecord, UNREAD, type Unread } from './record.ts'
import type { Deserializer } from './serdes.ts'

/** What is done about a key or value that cannot be deserialized. */
export type DecodePolicy = 'fail' | 'skip' | 'raw'

/** A key or value could not be deserialized: `bytes` is a copy of it, `record` the whole record as it was read. */
export class DeserializationError extends Serialization {
  readonly record: ConsumerRecord

  constructor(message: string, record: ConsumerRecord, bytes: Buffer | null, cause: unknown) {
    const { topic, partition, offset } = record
    super('DESERIALIZATION_FAILED', message, { topic, partition, offset, cause })
    this.record = record
    if (bytes !== null) this.bytes = Buffer.from(bytes)
  }
}

/** Deserializes records of one topic. */
export class RecordDecoder<K, V> {
  readonly policy: DecodePolicy
  /** Whether there is a deserializer at all: without one records are read lazily. */
  readonly active: boolean
  readonly #key: Deserializer<K> | undefined
  readonly #value: Deserializer<V> | undefined

  constructor(policy: DecodePolicy, key: Deserializer<K> | undefined, value: Deserializer<V> | undefined) {
    this.policy = policy
    this.#key = key
    this.#value = value
    this.active = key !== undefined || value !== undefined
  }

  /** The record with its values made; undefined when it is to be skipped. */
  decode(
    raw: ConsumerRecord,
    policy: DecodePolicy,
    build: (key: K | Unread, value: V | Unread) => ConsumerRecord<K, V>,
  ): ConsumerRecord<K, V> | undefined {
    try {
      return build(this.#read(raw, 'key', this.#key), this.#read(raw, 'value', this.#value))
    } catch (error) {
      if (policy === 'skip') return undefined
      if (policy === 'raw') return raw as unknown as ConsumerRecord<K, V>
      throw error
    }
  }

  #read<T>(raw: ConsumerRecord, part: 'key' | 'value', deserializer: Deserializer<T> | undefined): T | Unread {
    if (deserializer === undefined) return UNREAD
    const { topic, partition, offset } = raw
    try {
      return deserializer.deserialize(raw[part], { topic, part, partition, offset })
    } catch (error) {
      const why = error instanceof MillraceError || error instanceof Error ? error.message : String(error)
      const message = `The ${part} of ${topic}[${partition}] at offset ${offset} cannot be deserialized: ${why}`
      throw new DeserializationError(message, raw, raw[part], error)
    }
  }
}
