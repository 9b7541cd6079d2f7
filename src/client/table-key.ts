// Keys of tables by their content: two Buffers of the same bytes are one key. [main thread]
import { InvalidOption } from '../base/errors.ts'

/** No byte has this character, so what begins with it is no text and no bytes. */
const NOT_BYTES = '\u{100}'
const ASCII = /^[\0-\x7f]*$/

/** The content of a key as text: of a text its bytes in UTF-8, of an object its JSON with sorted names. */
export function contentOf(key: unknown): string {
  if (typeof key === 'string') return ASCII.test(key) ? key : Buffer.from(key, 'utf8').toString('latin1')
  if (key instanceof Uint8Array) return Buffer.from(key.buffer, key.byteOffset, key.length).toString('latin1')
  if (typeof key === 'object' && key !== null) return `${NOT_BYTES}${JSON.stringify(key, sorted)}`
  if (['number', 'bigint', 'boolean'].includes(typeof key)) return `${NOT_BYTES}${typeof key} ${String(key)}`
  throw new InvalidOption(
    'INVALID_ARGUMENT',
    `A key of a table is bytes, text, a number or an object, not ${String(key)}.`,
  )
}

function sorted(_name: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}
