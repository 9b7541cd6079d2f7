// Serdes: how keys and values become bytes and come back, compatible with the serializers that ship with Kafka.
// [main, workers]
import { Serialization } from '../base/errors.ts'
import { type Sendable, toBytes } from '../bytes/to-bytes.ts'

export { type Sendable, toBytes }

/** Where the bytes come from or go to; partition and offset are known when reading. */
export interface SerdeContext {
  topic: string
  part: 'key' | 'value'
  partition?: number | undefined
  offset?: number | undefined
}

/** Turns a value into bytes; null stays null and is a tombstone when it is the value. */
export interface Serializer<T> {
  serialize(value: T, context: SerdeContext): Uint8Array | null
}

/** Turns bytes into a value. The bytes are valid during the call only: keep what you made of them, never a view. */
export interface Deserializer<T> {
  deserialize(bytes: Uint8Array | null, context: SerdeContext): T
}

/** Both directions. */
export interface Serde<T> extends Serializer<T>, Deserializer<T> {}

/** The serdes that every thread knows by name. */
export type BuiltinSerde = 'json' | 'string' | 'raw' | 'int32' | 'int64' | 'uuid'

const builtins = new WeakMap<object, BuiltinSerde>()

/** The name of a serde that every thread knows; undefined for one of the user's own. */
export const builtinName = (serde: object): BuiltinSerde | undefined => builtins.get(serde)

/** The deserializer of that name. */
export function builtinSerde(name: BuiltinSerde): Deserializer<unknown> {
  return { json, string, raw, int32, int64, uuid }[name]()
}

/** JSON text in UTF-8. The type is a promise of the caller's: nothing checks it. */
export function json<T = unknown>(): Serde<T | null> {
  return serde<T>(
    'json',
    'JSON',
    (value) => Buffer.from(JSON.stringify(value) ?? refuse('nothing that JSON can hold'), 'utf8'),
    (bytes) => JSON.parse(bytes.toString('utf8')) as T,
  )
}

/** Text in UTF-8, as Java's StringSerializer. */
export function string(): Serde<string | null> {
  return serde(
    'string',
    'a string',
    (value) => (typeof value === 'string' ? Buffer.from(value, 'utf8') : refuse(typeof value)),
    (bytes) => bytes.toString('utf8'),
  )
}

/** The bytes as they are; what may be sent without a serializer may be sent with this one. */
export function raw(): Serializer<Sendable> & Deserializer<Uint8Array | null> {
  return named('raw', { serialize: toBytes, deserialize: (bytes: Uint8Array | null) => bytes })
}

/** Four bytes, big-endian, signed, as Java's IntegerSerializer. */
export function int32(): Serde<number | null> {
  return serde(
    'int32',
    'a whole number of 4 bytes',
    (value) => {
      if (!Number.isInteger(value) || value !== (value | 0)) refuse(`${value}, which is no 32-bit integer`)
      const bytes = Buffer.allocUnsafe(4)
      bytes.writeInt32BE(value)
      return bytes
    },
    (bytes) => exactly(bytes, 4).readInt32BE(),
  )
}

/** Eight bytes, big-endian, signed, as Java's LongSerializer; reads as bigint, so that no digit is lost. */
export function int64(): Serializer<bigint | number | null> & Deserializer<bigint | null> {
  return serde<bigint, bigint | number>(
    'int64',
    'a whole number of 8 bytes',
    (value) => {
      const exact = typeof value === 'bigint' || Number.isSafeInteger(value)
      if (!exact || BigInt.asIntN(64, BigInt(value)) !== BigInt(value)) refuse(`${value}, which is no 64-bit integer`)
      const bytes = Buffer.allocUnsafe(8)
      bytes.writeBigInt64BE(BigInt(value))
      return bytes
    },
    (bytes) => exactly(bytes, 8).readBigInt64BE(),
  )
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** A UUID as its 36 characters, as Java's UUIDSerializer. */
export function uuid(): Serde<string | null> {
  return serde(
    'uuid',
    'a UUID of 36 characters',
    (value) => (UUID.test(value) ? Buffer.from(value, 'latin1') : refuse(`'${value}'`)),
    (bytes) => {
      const read = exactly(bytes, 36).toString('latin1')
      return UUID.test(read) ? read.toLowerCase() : refuse(`'${read}'`)
    },
  )
}

/** Calls a deserializer and turns whatever it throws into `Serialization` with place and raw bytes. */
export function decode<T>(deserializer: Deserializer<T>, bytes: Uint8Array | null, context: SerdeContext): T {
  try {
    return deserializer.deserialize(bytes, context)
  } catch (cause) {
    const { topic, partition, offset, part } = context
    const where = `${topic}-${partition ?? '?'} at offset ${offset ?? '?'}`
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `The ${part} of ${where} could not be deserialized: ${why}`
    const error = new Serialization('DESERIALIZATION', message, { topic, partition, offset, cause })
    // A copy: the error outlives the batch that the bytes lie in.
    if (bytes !== null) error.bytes = Buffer.from(bytes)
    throw error
  }
}

/** Calls a serializer and turns whatever it throws into `Serialization` with its topic. */
export function encode<T>(serializer: Serializer<T>, value: T, context: SerdeContext): Uint8Array | null {
  try {
    return serializer.serialize(value, context)
  } catch (cause) {
    const { topic, partition, part } = context
    const why = cause instanceof Error ? cause.message : String(cause)
    const message = `The ${part} for topic ${topic} could not be serialized: ${why}`
    throw new Serialization('SERIALIZATION', message, { topic, partition, cause })
  }
}

function named<S extends object>(name: BuiltinSerde, serde: S): S {
  builtins.set(serde, name)
  return serde
}

function serde<T, Given = T>(
  name: BuiltinSerde,
  what: string,
  write: (value: Given) => Uint8Array,
  read: (bytes: Buffer) => T,
): Serializer<Given | null> & Deserializer<T | null> {
  return named(name, {
    serialize(value: Given | null) {
      return value === null || value === undefined ? null : attempt(what, 'SERIALIZATION', () => write(value))
    },
    deserialize(bytes: Uint8Array | null) {
      return bytes === null ? null : attempt(what, 'DESERIALIZATION', () => read(asBuffer(bytes)))
    },
  })
}

function attempt<T>(what: string, code: string, step: () => T): T {
  try {
    return step()
  } catch (cause) {
    throw new Serialization(code, `expected ${what}: ${(cause as Error).message}`, { cause })
  }
}

function exactly(bytes: Buffer, size: number): Buffer {
  return bytes.length === size ? bytes : refuse(`${bytes.length} bytes instead of ${size}`)
}

function refuse(found: string): never {
  throw new TypeError(`found ${found}`)
}

const asBuffer = (bytes: Uint8Array) =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)
