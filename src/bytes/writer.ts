// Writes Kafka's primitive types into a buffer that grows. [pure: any thread]
// A value that does not fit its type is refused with InvalidOption: DataView would store it modulo 2^n and say nothing.

import { assert } from '../base/assert.ts'
import { InvalidOption } from '../base/errors.ts'
import { STRING_BYTES_MAX, ZERO_UUID } from './reader.ts'
import { uvarintSize, varlongSize, zigzag } from './varint.ts'

const CANONICAL_UUID = /^[A-Za-z0-9_-]{21}[AQgw]$/
const TWO_32 = 0x100000000

/** Bytes that stay where they are: the writer only notes where they belong, `finishPieces` puts them there. */
export interface Pieces {
  readonly pieces: readonly Uint8Array[]
  /** Of all pieces together. */
  readonly sizeBytes: number
}

/** A growing buffer: `at` is the next byte to write, and may be moved back to write over. */
export class Writer {
  at = 0
  #buffer: Buffer
  #view: DataView
  /** Where bytes from elsewhere go, in order. */
  #splices: { at: number; given: Pieces }[] = []

  /** Reserves `capacity` bytes; more are taken by doubling. */
  constructor(capacity = 256) {
    this.#buffer = Buffer.allocUnsafe(capacity)
    this.#view = viewOf(this.#buffer)
  }

  /** What was written so far: a view of a buffer that may be pooled. Write nothing afterwards, transfer it nowhere. */
  finish(): Uint8Array {
    assert(this.#splices.length === 0, 'who gives pieces takes pieces')
    return this.#buffer.subarray(0, this.at)
  }

  /** The same with the pieces that were given in their places. */
  finishPieces(): Uint8Array[] {
    const all: Uint8Array[] = []
    let start = 0
    for (const { at, given } of this.#splices) {
      all.push(this.#buffer.subarray(start, at), ...given.pieces)
      start = at
    }
    if (start < this.at) all.push(this.#buffer.subarray(start, this.at))
    return all
  }

  /** Everything that was written and given so far. */
  get sizeBytes(): number {
    return this.#splices.reduce((sum, { given }) => sum + given.sizeBytes, this.at)
  }

  /** Refuses a value: what is wrong, as the rest of a sentence. */
  fail(why: string): never {
    throw new InvalidOption('INVALID_VALUE', why)
  }

  bool(value: boolean): void {
    if (typeof value !== 'boolean') this.#refuse(value, 'a boolean')
    const at = this.#take(1)
    this.#view.setInt8(at, value ? 1 : 0)
  }

  int8(value: number): void {
    if ((value << 24) >> 24 !== value) this.#refuse(value, 'an 8-bit integer')
    const at = this.#take(1)
    this.#view.setInt8(at, value)
  }

  int16(value: number): void {
    if ((value << 16) >> 16 !== value) this.#refuse(value, 'a 16-bit integer')
    const at = this.#take(2)
    this.#view.setInt16(at, value)
  }

  uint16(value: number): void {
    if ((value & 0xffff) !== value) this.#refuse(value, 'an unsigned 16-bit integer')
    const at = this.#take(2)
    this.#view.setUint16(at, value)
  }

  int32(value: number): void {
    if ((value | 0) !== value) this.#refuse(value, 'a 32-bit integer')
    const at = this.#take(4)
    this.#view.setInt32(at, value)
  }

  uint32(value: number): void {
    if (value >>> 0 !== value) this.#refuse(value, 'an unsigned 32-bit integer')
    const at = this.#take(4)
    this.#view.setUint32(at, value)
  }

  int64(value: bigint): void {
    if (typeof value !== 'bigint' || BigInt.asIntN(64, value) !== value) this.#refuse(value, 'a 64-bit bigint')
    const at = this.#take(8)
    this.#view.setBigInt64(at, value)
  }

  float64(value: number): void {
    if (typeof value !== 'number') this.#refuse(value, 'a number')
    const at = this.#take(8)
    this.#view.setFloat64(at, value)
  }

  /** An int64 given as a safe integer: offsets, timestamps and other quantities. */
  safeInt64(value: number): void {
    if (!Number.isSafeInteger(value)) this.#refuse(value, 'a whole number up to 2^53 - 1')
    const at = this.#take(8)
    this.#view.setInt32(at, Math.floor(value / TWO_32))
    this.#view.setUint32(at + 4, value >>> 0)
  }

  /** An unsigned variable-length integer of at most 32 bits. */
  uvarint(value: number): void {
    if (value >>> 0 !== value) this.#refuse(value, 'an unsigned 32-bit integer')
    let at = this.#take(uvarintSize(value))
    for (; value >= 0x80; value >>>= 7) this.#view.setUint8(at++, (value & 0x7f) | 0x80)
    this.#view.setUint8(at, value)
  }

  /** A signed zigzag variable-length integer of at most 32 bits. */
  varint(value: number): void {
    if ((value | 0) !== value) this.#refuse(value, 'a 32-bit integer')
    this.uvarint(zigzag(value))
  }

  /** A signed zigzag variable-length integer of at most 64 bits, given as a safe integer. */
  varlong(value: number): void {
    if (!Number.isSafeInteger(value)) this.#refuse(value, 'a whole number up to 2^53 - 1')
    // The zigzag fold may pass 2^53, so the sign and the lowest six bits are split off before anything is folded.
    const magnitude = value < 0 ? -(value + 1) : value
    let low = (magnitude % 64) * 2 + (value < 0 ? 1 : 0)
    let at = this.#take(varlongSize(value))
    for (let rest = Math.floor(magnitude / 64); rest > 0; rest = Math.floor(rest / 128)) {
      this.#view.setUint8(at++, low | 0x80)
      low = rest % 128
    }
    this.#view.setUint8(at, low)
  }

  /** A uuid as Kafka prints it: 22 characters of base64url. */
  uuid(value: string): void {
    const at = this.#take(16)
    if (value === ZERO_UUID) this.#buffer.fill(0, at, at + 16)
    else if (typeof value === 'string' && CANONICAL_UUID.test(value)) this.#buffer.write(value, at, 16, 'base64url')
    else this.#refuse(value, 'a uuid of 22 base64url characters')
  }

  string(value: string): void {
    const size = this.#stringSize(value)
    this.int16(size)
    this.#text(value, size)
  }

  nullableString(value: string | null): void {
    if (value === null) this.int16(-1)
    else this.string(value)
  }

  compactString(value: string): void {
    const size = this.#stringSize(value)
    this.uvarint(size + 1)
    this.#text(value, size)
  }

  compactNullableString(value: string | null): void {
    if (value === null) this.uvarint(0)
    else this.compactString(value)
  }

  bytes(value: Uint8Array): void {
    if (!(value instanceof Uint8Array)) this.#refuse(value, 'a Uint8Array')
    this.int32(value.byteLength)
    this.raw(value)
  }

  nullableBytes(value: Uint8Array | null): void {
    if (value === null) this.int32(-1)
    else this.bytes(value)
  }

  compactBytes(value: Uint8Array): void {
    if (!(value instanceof Uint8Array)) this.#refuse(value, 'a Uint8Array')
    this.uvarint(value.byteLength + 1)
    this.raw(value)
  }

  compactNullableBytes(value: Uint8Array | null): void {
    if (value === null) this.uvarint(0)
    else this.compactBytes(value)
  }

  /** Record batches: the same on the wire as a byte string. */
  records(value: Uint8Array | Pieces): void {
    if (value instanceof Uint8Array) return this.bytes(value)
    this.int32(this.#sizeOf(value))
    this.#splices.push({ at: this.at, given: value })
  }

  nullableRecords(value: Uint8Array | Pieces | null): void {
    if (value === null) this.int32(-1)
    else this.records(value)
  }

  compactRecords(value: Uint8Array | Pieces): void {
    if (value instanceof Uint8Array) return this.compactBytes(value)
    this.uvarint(this.#sizeOf(value) + 1)
    this.#splices.push({ at: this.at, given: value })
  }

  compactNullableRecords(value: Uint8Array | Pieces | null): void {
    if (value === null) this.uvarint(0)
    else this.compactRecords(value)
  }

  /** Bytes as they are, without a length. */
  raw(value: Uint8Array): void {
    const at = this.#take(value.byteLength)
    this.#buffer.set(value, at)
  }

  /** The count of an array; the array itself tells it. */
  arrayCount(values: readonly unknown[]): void {
    if (!Array.isArray(values)) this.#refuse(values, 'an array')
    this.int32(values.length)
  }

  nullableArrayCount(values: readonly unknown[] | null): void {
    if (values === null) this.int32(-1)
    else this.arrayCount(values)
  }

  compactArrayCount(values: readonly unknown[]): void {
    if (!Array.isArray(values)) this.#refuse(values, 'an array')
    this.uvarint(values.length + 1)
  }

  compactNullableArrayCount(values: readonly unknown[] | null): void {
    if (values === null) this.uvarint(0)
    else this.compactArrayCount(values)
  }

  /** Puts the size of what was written since `start` in front of it, as a uvarint. */
  sizeBefore(start: number): void {
    assert((this.#splices.at(-1)?.at ?? 0) <= start, 'no bytes from elsewhere in a tagged field')
    const size = this.at - start
    const shift = uvarintSize(size)
    this.#take(shift)
    this.#buffer.copyWithin(start + shift, start, start + size)
    const end = this.at
    this.at = start
    this.uvarint(size)
    this.at = end
  }

  #sizeOf(given: Pieces): number {
    if (!Array.isArray(given?.pieces)) this.#refuse(given, 'a Uint8Array, or pieces of one,')
    const size = given.pieces.reduce((sum, piece) => sum + piece.byteLength, 0)
    if (size !== given.sizeBytes) this.fail(`pieces of ${size} bytes given as ${given.sizeBytes}`)
    return size
  }

  // Call it in a statement of its own: it may replace the buffer and the view.
  #take(size: number): number {
    const at = this.at
    if (at + size > this.#buffer.byteLength) this.#grow(at + size)
    this.at = at + size
    return at
  }

  #grow(needed: number): void {
    const larger = Buffer.allocUnsafe(Math.max(needed, 2 * this.#buffer.byteLength))
    this.#buffer.copy(larger, 0, 0, this.at)
    this.#buffer = larger
    this.#view = viewOf(larger)
  }

  #stringSize(value: string): number {
    if (typeof value !== 'string') this.#refuse(value, 'a string')
    const size = Buffer.byteLength(value)
    if (size > STRING_BYTES_MAX) this.fail(`a string of ${size} bytes; the protocol allows at most ${STRING_BYTES_MAX}`)
    return size
  }

  #text(value: string, size: number): void {
    const at = this.#take(size)
    this.#buffer.write(value, at, size, 'utf8')
  }

  #refuse(value: unknown, wanted: string): never {
    const shown = typeof value === 'object' ? (value === null ? 'null' : 'an object') : `${String(value).slice(0, 40)}`
    return this.fail(`${shown} given where ${wanted} belongs`)
  }
}

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength)
}
