// The headers of a record: a list of name and value in which a name may come more than once. [main, workers]
import type { RecordHeader } from '../record/headers.ts'

/** Headers in their order. Values are bytes or null; names are text (KIP-82). */
export class RecordHeaders implements Iterable<[name: string, value: Buffer | null]> {
  readonly #list: readonly [string, Buffer | null][]

  constructor(list: readonly RecordHeader[]) {
    this.#list = list.map(([name, value]) => [name, value === null ? null : asBuffer(value)])
  }

  /** How many headers there are, duplicates counted. */
  get size(): number {
    return this.#list.length
  }

  /** The last value under a name, as Java's `lastHeader`; undefined when there is none. */
  get(name: string): Buffer | null | undefined {
    return this.#list.findLast(([key]) => key === name)?.[1]
  }

  /** Every value under a name, in order. */
  getAll(name: string): (Buffer | null)[] {
    return this.#list.filter(([key]) => key === name).map(([, value]) => value)
  }

  /** Whether a name is there. */
  has(name: string): boolean {
    return this.#list.some(([key]) => key === name)
  }

  [Symbol.iterator](): Iterator<[string, Buffer | null]> {
    return this.#list[Symbol.iterator]()
  }

  /** The headers as pairs, values as text. */
  toJSON(): [string, string | null][] {
    return this.#list.map(([name, value]) => [name, value === null ? null : value.toString('utf8')])
  }
}

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer => {
  return Buffer.from(buffer as ArrayBuffer, byteOffset, byteLength)
}
