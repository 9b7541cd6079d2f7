// Reads a Fetch response's fields off the memory it is landing in, as far as its bytes have arrived. [I/O thread]
import type { Landing } from './landing.ts'

/** Thrown, without a stack, when the next field has not arrived yet; the walk goes on from its last mark later. */
export const INCOMPLETE = Symbol('incomplete')

/** Fields at rising positions; `at` may be set back to a mark. Strings and uuids come as text that can be a key. */
export class FetchReader {
  at = 0
  readonly #landing: Landing
  readonly #scratch = new Uint8Array(64)
  readonly #scratchView = new DataView(this.#scratch.buffer)

  constructor(landing: Landing) {
    this.#landing = landing
  }

  /** Bytes from `at` to the end of the response, arrived or not. */
  get remaining(): number {
    return this.#landing.sizeBytes - this.at
  }

  int16(): number {
    return this.#take(2).getInt16(this.#offset)
  }

  int32(): number {
    return this.#take(4).getInt32(this.#offset)
  }

  /** Offsets: exact up to 2^53. */
  int64(): number {
    const view = this.#take(8)
    return view.getInt32(this.#offset) * 0x1_0000_0000 + view.getUint32(this.#offset + 4)
  }

  bigint64(): bigint {
    return this.#take(8).getBigInt64(this.#offset)
  }

  uvarint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.#take(1).getUint8(this.#offset)
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new RangeError('a variable-length number does not end')
  }

  /** The text of the next `count` bytes. */
  text(count: number, encoding: 'utf8' | 'base64url'): string {
    this.require(count)
    const bytes = Buffer.allocUnsafe(count)
    this.#landing.copy(this.at, bytes)
    this.at += count
    return bytes.toString(encoding)
  }

  /** A view of the next `count` (at most 64) bytes without moving; `offset` says where they start in it. */
  peek(count: number): DataView {
    const at = this.at
    const view = this.#take(count)
    this.at = at
    return view
  }

  /** Where the bytes of the last view start. */
  get offset(): number {
    return this.#offset
  }

  /** Moves on, whether the bytes have arrived or not. */
  skip(count: number): void {
    if (count < 0 || count > this.remaining) throw new RangeError('a length runs past the end of the response')
    this.at += count
  }

  /** Stops the walk here until so many more bytes have arrived. */
  require(count: number): void {
    if (count > this.remaining) throw new RangeError('a field runs past the end of the response')
    if (this.at + count > this.#landing.written) throw INCOMPLETE
  }

  #offset = 0

  #take(count: number): DataView {
    this.require(count)
    const { start, sizeBytes } = this.#landing.locate(this.at)
    if (sizeBytes >= count) {
      this.#offset = start
      this.at += count
      return this.#landing.home.view
    }
    this.#landing.copy(this.at, this.#scratch.subarray(0, count))
    this.#offset = 0
    this.at += count
    return this.#scratchView
  }
}
