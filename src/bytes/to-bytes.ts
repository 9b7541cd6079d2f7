// What a key, a value or a header becomes on the wire when nobody gave a serializer. [pure: any thread]
import { Serialization } from '../base/errors.ts'

/** What goes on the wire without a serializer: bytes and strings as they are, plain objects and arrays as JSON. */
export type Sendable =
  | Uint8Array
  | string
  | null
  | undefined
  | readonly unknown[]
  | { readonly [name: string]: unknown }

/** Bytes as they are, strings as UTF-8, plain objects and arrays as JSON, null and undefined as null. */
export function toBytes(value: Sendable): Uint8Array | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'string') return Buffer.from(value, 'utf8')
  if (value instanceof Uint8Array) return value
  if (Array.isArray(value) || isPlainObject(value)) return Buffer.from(jsonOf(value), 'utf8')
  // A number could mean "42", 4 bytes or 8: guessing would write data that others misread.
  const what = typeof value === 'object' ? ((value as object).constructor?.name ?? 'object') : typeof value
  throw new Serialization(
    'SERIALIZATION',
    `A ${what} cannot be sent without a serializer: give bytes, a string, null, a plain object or an array, ` +
      'or set one of json(), string(), int32(), int64(), uuid().',
  )
}

function isPlainObject(value: unknown): boolean {
  if (typeof value !== 'object') return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function jsonOf(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch (cause) {
    const reason = (cause as Error).message
    throw new Serialization('SERIALIZATION', `The value cannot be written as JSON: ${reason}`, { cause })
  }
}
