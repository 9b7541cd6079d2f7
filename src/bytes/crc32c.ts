// CRC-32C (Castagnoli), as Kafka's record batches carry it. [pure: any thread]
// The addon of @node-rs/crc32 when it loads and passes its self-check, else slicing-by-8 tables.

import { createRequire } from 'node:module'

type Checksum = (bytes: Uint8Array, crc: number) => number

/** The CRC-32C of "123456789": whoever computes something else is not trusted. */
const CHECK_VALUE = 0xe3069283

let chosen: Checksum | undefined
let chosenName: 'addon' | 'javascript' = 'javascript'

/** The CRC-32C of `bytes[start..end)` as an unsigned number; `crc` continues an earlier one. */
export function crc32c(bytes: Uint8Array, start = 0, end = bytes.length, crc = 0): number {
  chosen ??= choose()
  return chosen(start === 0 && end === bytes.length ? bytes : bytes.subarray(start, end), crc)
}

/** Which implementation serves this thread, for `doctor`. */
export function crc32cImplementation(): 'addon' | 'javascript' {
  chosen ??= choose()
  return chosenName
}

function choose(): Checksum {
  try {
    const addon = createRequire(import.meta.url)('@node-rs/crc32') as { crc32c: Checksum }
    const check = new TextEncoder().encode('123456789')
    if (addon.crc32c(check, 0) === CHECK_VALUE) {
      chosenName = 'addon'
      return addon.crc32c
    }
  } catch {
    // No binary for this platform: the tables below are slower and give the same answers.
  }
  chosenName = 'javascript'
  return crc32cJavascript
}

const POLYNOMIAL = 0x82f63b78 // Castagnoli's, bits reversed

let tables: Int32Array | undefined

/** The fallback on its own: eight bytes a step through eight tables of 256 words. */
export function crc32cJavascript(bytes: Uint8Array, crc = 0): number {
  tables ??= buildTables()
  const table = tables
  const end = bytes.length
  const endOfEights = end - (end % 8)
  let state = ~crc
  let at = 0
  for (; at < endOfEights; at += 8) {
    state ^= bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    state =
      table[1792 + (state & 0xff)]! ^
      table[1536 + ((state >>> 8) & 0xff)]! ^
      table[1280 + ((state >>> 16) & 0xff)]! ^
      table[1024 + (state >>> 24)]! ^
      table[768 + bytes[at + 4]!]! ^
      table[512 + bytes[at + 5]!]! ^
      table[256 + bytes[at + 6]!]! ^
      table[bytes[at + 7]!]!
  }
  for (; at < end; at++) state = table[(state ^ bytes[at]!) & 0xff]! ^ (state >>> 8)
  return ~state >>> 0
}

function buildTables(): Int32Array {
  const table = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ POLYNOMIAL : crc >>> 1
    table[byte] = crc
  }
  for (let at = 256; at < table.length; at++) {
    const previous = table[at - 256]!
    table[at] = (previous >>> 8) ^ table[previous & 0xff]!
  }
  return table
}
