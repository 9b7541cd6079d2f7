// A Writer that remembers where every length stands, so that a test can put another in its place. [test processes]

import { uvarintSize } from '../../src/bytes/varint.ts'
import { Writer } from '../../src/bytes/writer.ts'

/** Where a length stands, and how it is written. */
export interface Mark {
  readonly at: number
  readonly size: number
  readonly compact: boolean
  readonly nullable: boolean
  readonly ofArray: boolean
}

type LengthMethod = 'String' | 'Bytes' | 'Records' | 'ArrayCount'
const bases: readonly LengthMethod[] = ['String', 'Bytes', 'Records', 'ArrayCount']

/** Encodes as Writer does and fills `marks`. */
export class CountingWriter extends Writer {
  marks: Mark[] = []

  /** A size put in front moves what was written since. */
  override sizeBefore(start: number): void {
    const shift = uvarintSize(this.at - start)
    super.sizeBefore(start)
    this.marks = this.marks.map((mark) => (mark.at < start ? mark : { ...mark, at: mark.at + shift }))
  }
}

for (const base of bases) {
  for (const compact of [true, false]) {
    for (const nullable of [true, false]) {
      const words = `${compact ? 'Compact' : ''}${nullable ? 'Nullable' : ''}${base}`
      const method = `${words[0]?.toLowerCase()}${words.slice(1)}` as keyof Writer
      const original = Writer.prototype[method] as (this: Writer, value: unknown) => void
      Object.defineProperty(CountingWriter.prototype, method, {
        value(this: CountingWriter & { busy?: boolean }, value: string | Uint8Array | unknown[] | null) {
          // The nullable methods call the others: only the outermost call is a field.
          if (this.busy === true) return original.call(this, value)
          const at = this.at
          const length = value === null ? -1 : typeof value === 'string' ? Buffer.byteLength(value) : value.length
          const size = compact ? uvarintSize(length + 1) : base === 'String' ? 2 : 4
          this.marks.push({ at, size, compact, nullable, ofArray: base === 'ArrayCount' })
          this.busy = true
          try {
            original.call(this, value)
          } finally {
            this.busy = false
          }
        },
      })
    }
  }
}
