// Reads Kafka's primitive types off bytes, also off views over shared memory. [pure: any thread]
// Every read is checked against the end: bad bytes give a ProtocolViolation, never a RangeError or a huge allocation.

import { ProtocolViolation } from '../base/errors.ts'
import { unzigzag, VARINT_BYTES_MAX } from './varint.ts'

/** Kafka's null uuid as it prints it (base64url without padding). */
export const ZERO_UUID = 'AAAAAAAAAAAAAAAAAAAAAA'

/** The longest string that the protocol allows, in bytes, also where the length prefix could say more. */
export const STRING_BYTES_MAX = 0x7fff

const TWO_32 = 0x100000000

/** A cursor over bytes: `at` is the next byte to read, `end` the first that may not be read. */
export class Reader {
  at: number
  end: number
  readonly #bytes: Uint8Array
  readonly #view: DataView
  // The same bytes as a Buffer: its utf8Slice and base64urlSlice also read shared memory, which TextDecoder may refuse.
  readonly #buffer: Buffer

  constructor(bytes: Uint8Array, at = 0, end = bytes.byteLength) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#buffer = Buffer.from(bytes.buffer as ArrayBuffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
    this.end = end
  }

  /** Bytes left to read. */
  get remaining(): number {
    return this.end - this.at
  }

  /** Moves past `size` bytes and says where they began. */
  skip(size: number): number {
    const at = this.at
    if (size < 0 || size > this.end - at) this.fail(`${size} bytes needed at byte ${at}, ${this.end - at} left`)
    this.at = at + size
    return at
  }

  /** Refuses the bytes: what is wrong, as the rest of a sentence. */
  fail(why: string): never {
    throw new ProtocolViolation('PROTOCOL_VIOLATION', why)
  }

  bool(): boolean {
    return this.#view.getInt8(this.skip(1)) !== 0
  }

  int8(): number {
    return this.#view.getInt8(this.skip(1))
  }

  int16(): number {
    return this.#view.getInt16(this.skip(2))
  }

  uint16(): number {
    return this.#view.getUint16(this.skip(2))
  }

  int32(): number {
    return this.#view.getInt32(this.skip(4))
  }

  uint32(): number {
    return this.#view.getUint32(this.skip(4))
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.skip(8))
  }

  float64(): number {
    return this.#view.getFloat64(this.skip(8))
  }

  /** An int64 that must be a safe integer: offsets, timestamps and other quantities. */
  safeInt64(): number {
    const at = this.skip(8)
    const value = this.#view.getInt32(at) * TWO_32 + this.#view.getUint32(at + 4)
    if (!Number.isSafeInteger(value)) {
      this.fail(
        `${this.#view.getBigInt64(at)} at byte ${at} is beyond 2^53 - 1, the largest whole number JavaScript holds`,
      )
    }
    return value
  }

  /** An unsigned variable-length integer of at most 32 bits. */
  uvarint(): number {
    let value = 0
    for (let index = 0; index < VARINT_BYTES_MAX; index++) {
      const byte = this.#view.getUint8(this.skip(1))
      if (byte < 0x80) {
        if (index === 4 && byte > 0x0f) break
        return (value | (byte << (7 * index))) >>> 0
      }
      value |= (byte & 0x7f) << (7 * index)
    }
    return this.fail(`a variable-length integer before byte ${this.at} takes more than 32 bits`)
  }

  /** A signed zigzag variable-length integer of at most 32 bits. */
  varint(): number {
    return unzigzag(this.uvarint())
  }

  /** A signed zigzag variable-length integer of at most 64 bits that must be a safe integer. */
  varlong(): number {
    // The zigzag fold of a safe integer may pass 2^53, so sign and magnitude are taken apart before anything is added.
    let byte = this.#view.getUint8(this.skip(1))
    const negative = (byte & 1) === 1
    let magnitude = (byte & 0x7f) >>> 1
    for (let factor = 64; byte >= 0x80 && factor < 2 ** 55; factor *= 128) {
      byte = this.#view.getUint8(this.skip(1))
      magnitude += (byte & 0x7f) * factor
    }
    const value = negative ? -magnitude - 1 : magnitude
    if (byte >= 0x80 || !Number.isSafeInteger(value)) {
      this.fail(`a variable-length integer before byte ${this.at} is beyond 2^53 - 1`)
    }
    return value
  }

  /** A uuid as Kafka prints it: 22 characters of base64url; `ZERO_UUID` stands for none. */
  uuid(): string {
    const at = this.skip(16)
    const view = this.#view
    if ((view.getInt32(at) | view.getInt32(at + 4) | view.getInt32(at + 8) | view.getInt32(at + 12)) === 0)
      return ZERO_UUID
    return this.#buffer.toString('base64url', at, at + 16)
  }

  string(): string {
    return this.#text(this.#length16()) ?? this.#refuseNull('string')
  }

  nullableString(): string | null {
    return this.#text(this.#length16())
  }

  compactString(): string {
    return this.#text(this.uvarint() - 1) ?? this.#refuseNull('string')
  }

  compactNullableString(): string | null {
    return this.#text(this.uvarint() - 1)
  }

  /** A copy of a byte string: it stays right when the bytes read from are used again. */
  bytes(): Uint8Array {
    return this.#copy(this.#length32()) ?? this.#refuseNull('byte string')
  }

  nullableBytes(): Uint8Array | null {
    return this.#copy(this.#length32())
  }

  compactBytes(): Uint8Array {
    return this.#copy(this.uvarint() - 1) ?? this.#refuseNull('byte string')
  }

  compactNullableBytes(): Uint8Array | null {
    return this.#copy(this.uvarint() - 1)
  }

  /** Record batches: a view over the bytes read from, not a copy. */
  records(): Uint8Array {
    return this.#slice(this.#length32()) ?? this.#refuseNull('record set')
  }

  nullableRecords(): Uint8Array | null {
    return this.#slice(this.#length32())
  }

  compactRecords(): Uint8Array {
    return this.#slice(this.uvarint() - 1) ?? this.#refuseNull('record set')
  }

  compactNullableRecords(): Uint8Array | null {
    return this.#slice(this.uvarint() - 1)
  }

  /** The count of an array whose elements take at least `elementBytesMin` bytes each. */
  arrayCount(elementBytesMin: number): number {
    const count = this.nullableArrayCount(elementBytesMin)
    return count < 0 ? this.#refuseNull('array') : count
  }

  /** The same, or -1 for a null array. */
  nullableArrayCount(elementBytesMin: number): number {
    return this.#checkCount(this.#length32(), elementBytesMin)
  }

  compactArrayCount(elementBytesMin: number): number {
    const count = this.compactNullableArrayCount(elementBytesMin)
    return count < 0 ? this.#refuseNull('array') : count
  }

  compactNullableArrayCount(elementBytesMin: number): number {
    return this.#checkCount(this.uvarint() - 1, elementBytesMin)
  }

  /** How many tagged fields follow; each takes two bytes at least. */
  tagCount(): number {
    return this.#checkCount(this.uvarint(), 2)
  }

  #checkCount(count: number, elementBytesMin: number): number {
    if (count * elementBytesMin > this.end - this.at) {
      this.fail(`${count} elements claimed before byte ${this.at}, where only ${this.end - this.at} bytes are left`)
    }
    return count
  }

  #length16(): number {
    const length = this.int16()
    return length < -1 ? this.fail(`length ${length} before byte ${this.at}`) : length
  }

  #length32(): number {
    const length = this.int32()
    return length < -1 ? this.fail(`length ${length} before byte ${this.at}`) : length
  }

  #text(length: number): string | null {
    if (length < 0) return null
    if (length > STRING_BYTES_MAX)
      this.fail(`a string of ${length} bytes at byte ${this.at}; at most 32767 are allowed`)
    const at = this.skip(length)
    return length === 0 ? '' : this.#buffer.toString('utf8', at, at + length)
  }

  #slice(length: number): Uint8Array | null {
    if (length < 0) return null
    const at = this.skip(length)
    return this.#bytes.subarray(at, at + length)
  }

  #copy(length: number): Uint8Array | null {
    if (length < 0) return null
    const at = this.skip(length)
    // Not `slice` of the source itself: a Buffer's slice would be a view again.
    const copy = new Uint8Array(length)
    copy.set(this.#bytes.subarray(at, at + length))
    return copy
  }

  #refuseNull(what: string): never {
    return this.fail(`a null ${what} before byte ${this.at}, where null is not allowed`)
  }
}
