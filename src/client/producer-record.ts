// What users give to a producer, and what becomes of it on its way into a batch. [main thread]
import { inspect } from 'node:util'
import { InvalidOption, type MillraceError, Serialization } from '../base/errors.ts'
import { encode, type Sendable, type SerdeContext, type Serializer, toBytes } from '../delivery/serdes.ts'
import { type HeadersToWrite, inUtf8, type RecordText } from '../record/record-writer.ts'
import type { Acks, Compression } from './options-producer.ts'

/** A header's value: bytes or text, or null. */
export type HeaderValue = Uint8Array | string | null

/** Headers: pairs in order, names may repeat; or by name, several values as an array. */
export type HeadersGiven =
  | Iterable<readonly [name: string, value: HeaderValue]>
  | { readonly [name: string]: HeaderValue | readonly HeaderValue[] }

/** A record to send. Without a serializer, keys and values may be bytes, text, null, plain objects and arrays. */
export interface ProducerRecord<K = Sendable, V = Sendable> {
  readonly topic: string
  readonly key?: K | null | undefined
  /** Null or undefined: a tombstone. */
  readonly value?: V | null | undefined
  readonly headers?: HeadersGiven | undefined
  /** Default: the partitioner chooses. */
  readonly partition?: number | undefined
  /** Milliseconds since the epoch; default: now. */
  readonly timestamp?: number | Date | undefined
}

/** A record for a producer that knows its topic. */
export type TopicRecord<K = Sendable, V = Sendable> = Omit<ProducerRecord<K, V>, 'topic'>

/** What may be different for one call. */
export interface SendOptions {
  /** Instead of the producer's; only without idempotence. */
  readonly acks?: Acks | undefined
  /** Instead of the producer's. */
  readonly compression?: Compression | undefined
}

/** Beyond this many characters text is made bytes at once: what it takes is guessed at three bytes a character. */
const GUESSED_CHARACTERS_MAX = 2_048

/** The error for what is no record at all; undefined for one. */
export function notRecord(given: unknown): InvalidOption | undefined {
  if (typeof given === 'object' && given !== null) return undefined
  const shape = '{ topic, key, value, headers, partition, timestamp }'
  const text = `A record is ${shape}, not ${inspect(given)}. Nothing was sent.`
  return new InvalidOption('INVALID_ARGUMENT', text, { stored: 'not stored' })
}

/** The key in bytes: partitioners hash them. */
export function keyToWrite(key: unknown, serializer: Serializer<never> | undefined, topic: string): Uint8Array | null {
  return inUtf8(textToWrite(key, serializer, topic, 'key'))
}

/** The value, as it is written. */
export function valueToWrite(value: unknown, serializer: Serializer<never> | undefined, topic: string): RecordText {
  const text = textToWrite(value, serializer, topic, 'value')
  return typeof text === 'string' && text.length > GUESSED_CHARACTERS_MAX ? inUtf8(text) : text
}

function textToWrite(
  given: unknown,
  serializer: Serializer<never> | undefined,
  topic: string,
  part: SerdeContext['part'],
): RecordText {
  if (serializer === undefined) {
    if (typeof given === 'string' || given instanceof Uint8Array) return given
    if (given === null || given === undefined) return null
  }
  const chosen = (serializer ?? plain) as Serializer<unknown>
  try {
    const bytes = encode(chosen, given, { topic, part })
    if (bytes === null || bytes === undefined || bytes instanceof Uint8Array) return bytes ?? null
  } catch (error) {
    const { code, message, cause } = error as MillraceError
    throw new Serialization(code, `${message} Nothing was sent.`, { topic, stored: 'not stored', cause })
  }
  const text = `The serializer of ${part}s gave no bytes for topic ${topic}. Nothing was sent.`
  throw new Serialization('SERIALIZATION', text, { topic, stored: 'not stored' })
}

const plain: Serializer<Sendable> = { serialize: toBytes }

/** Headers in their order. */
export function headersToWrite(headers: HeadersGiven | undefined, topic: string): HeadersToWrite | undefined {
  if (headers === undefined || headers === null) return undefined
  if (typeof headers !== 'object') {
    const text = `Headers of a record for ${topic} are pairs or an object, not ${inspect(headers)}. Nothing was sent.`
    throw new InvalidOption('INVALID_ARGUMENT', text, { topic, stored: 'not stored' })
  }
  const pairs = isIterable(headers)
    ? [...headers]
    : Object.entries(headers).flatMap(([name, value]) => named(name, value))
  for (const pair of pairs) {
    const [name, value] = pair
    const isRight =
      typeof name === 'string' && (value === null || typeof value === 'string' || value instanceof Uint8Array)
    if (isRight) continue
    const text = `Header ${String(name)} of a record for ${topic} must have bytes, text or null. Nothing was sent.`
    throw new Serialization('INVALID_HEADER', text, { topic, stored: 'not stored' })
  }
  return pairs.length === 0 ? undefined : pairs
}

function named(name: string, value: HeaderValue | readonly HeaderValue[]): (readonly [string, HeaderValue])[] {
  return Array.isArray(value) ? value.map((one) => [name, one] as const) : [[name, value as HeaderValue]]
}

function isIterable(headers: HeadersGiven): headers is Iterable<readonly [string, HeaderValue]> {
  return Symbol.iterator in headers
}

/** Milliseconds since the epoch. */
export function timestampToWrite(given: number | Date, topic: string): number {
  const timestamp = typeof given === 'number' ? given : given.getTime()
  if (Number.isSafeInteger(timestamp) && timestamp >= 0) return timestamp
  const text = `The timestamp of a record for ${topic} must be a whole number of milliseconds since 1970, not ${given}.`
  throw new InvalidOption('INVALID_TIMESTAMP', `${text} Nothing was sent.`, { topic, stored: 'not stored' })
}
