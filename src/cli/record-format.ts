// --format: a text with verbs, compiled once, that writes records as bytes and makes no strings. [main thread]
import { UsageError } from './usage-error.ts'

/** What a format needs of a batch: the public one has it, and tests can make one. */
export interface FormattedBatch {
  readonly topic: string
  readonly partition: number
  readonly count: number
  offsetAt(i: number): number
  timestampAt(i: number): number
  keyLength(i: number): number
  valueLength(i: number): number
  withKey<R>(i: number, use: (key: Buffer | null) => R): R
  withValue<R>(i: number, use: (value: Buffer | null) => R): R
  headersAt(i: number): Iterable<[name: string, value: Buffer | null]>
}

/** Where records are written: bytes from `at` on in `chunk`, after `reserve`. */
export interface ByteSink {
  chunk: Buffer
  at: number
  reserve(size: number): void
  write(bytes: Uint8Array): void
}

/** Writes the first `count` records of a batch. */
export type RecordWriter = (batch: FormattedBatch, count: number, output: ByteSink) => void

type Verb = 't' | 'p' | 'o' | 'T' | 'k' | 's' | 'h'
type Piece = Buffer | Verb

const NULL = Buffer.from('null')
/** 2^53 has 16 digits; one more for a sign. */
const NUMBER_BYTES_MAX = 17

/** Compiles a format: `%t %p %o %T %k %s %h`, `%%`, `\n`, `\t`, `\r`, `\\`. */
export function compileFormat(format: string): RecordWriter {
  const pieces = parseFormat(format)
  const hasHeaders = pieces.includes('h')
  return (batch, count, output) => {
    const row = merge(pieces.map((piece) => constantOf(piece, batch)))
    const fixedBytes = row.reduce((sum, piece) => sum + boundOf(piece), 0)
    // One function for all records: what `withValue` lends is copied straight to its place in the output.
    const copy = (bytes: Buffer | null) => {
      const from = bytes ?? NULL
      from.copy(output.chunk, output.at)
      output.at += from.length
    }
    for (let i = 0; i < count; i++) {
      const headers = hasHeaders ? headersText(batch.headersAt(i)) : NULL
      output.reserve(fixedBytes + Math.max(4, batch.keyLength(i)) + Math.max(4, batch.valueLength(i)) + headers.length)
      for (const piece of row) {
        if (piece === 's') batch.withValue(i, copy)
        else if (piece === 'k') batch.withKey(i, copy)
        else if (piece === 'o') writeNumber(batch.offsetAt(i), output)
        else if (piece === 'T') writeNumber(batch.timestampAt(i), output)
        else copy(piece === 'h' ? headers : (piece as Buffer))
      }
    }
  }
}

/** Splits a format into literal bytes and verbs. Throws `UsageError` for a verb that does not exist. */
export function parseFormat(format: string): Piece[] {
  const pieces: Piece[] = []
  let literal = ''
  const escapes: Record<string, string> = { n: '\n', t: '\t', r: '\r', '\\': '\\', '0': '\0' }
  for (let at = 0; at < format.length; at++) {
    const next = format[at + 1]
    if (format[at] === '\\' && next !== undefined && next in escapes) {
      literal += escapes[next]
      at++
    } else if (format[at] === '%') {
      at++
      if (next === '%') {
        literal += '%'
        continue
      }
      if (next === undefined || !'tpoTksh'.includes(next)) {
        const verbs = '%t topic, %p partition, %o offset, %T timestamp, %k key, %s value, %h headers, %% percent'
        throw new UsageError(`--format has no verb '%${next ?? ''}'; there are ${verbs}.`)
      }
      if (literal !== '') pieces.push(Buffer.from(literal))
      literal = ''
      pieces.push(next as Verb)
    } else {
      literal += format[at]
    }
  }
  if (literal !== '') pieces.push(Buffer.from(literal))
  return pieces
}

/** Topic and partition are the same for the whole batch: they become literal text. */
function constantOf(piece: Piece, batch: FormattedBatch): Piece {
  if (piece === 't') return Buffer.from(batch.topic)
  if (piece === 'p') return Buffer.from(String(batch.partition))
  return piece
}

function merge(pieces: Piece[]): Piece[] {
  const merged: Piece[] = []
  for (const piece of pieces) {
    const last = merged.at(-1)
    if (typeof piece !== 'string' && last !== undefined && typeof last !== 'string') {
      merged[merged.length - 1] = Buffer.concat([last, piece])
    } else {
      merged.push(piece)
    }
  }
  return merged
}

function boundOf(piece: Piece): number {
  if (typeof piece !== 'string') return piece.length
  return piece === 'o' || piece === 'T' ? NUMBER_BYTES_MAX : 0
}

/** Writes a whole number in decimal digits. */
function writeNumber(value: number, output: ByteSink): void {
  const { chunk } = output
  let rest = value
  if (rest < 0) {
    chunk[output.at++] = 45
    rest = -rest
  }
  let digits = 1
  for (let bound = 10; bound <= rest; bound *= 10) digits++
  let at = output.at + digits
  output.at = at
  // Integer arithmetic is several times faster; only what passes 2^31 needs the other one.
  while (rest > 0x7fffffff) {
    const quotient = Math.floor(rest / 10)
    chunk[--at] = 48 + (rest - quotient * 10)
    rest = quotient
  }
  rest |= 0
  do {
    const quotient = (rest / 10) | 0
    chunk[--at] = 48 + (rest - quotient * 10)
    rest = quotient
  } while (at > output.at - digits)
}

/** `name=value,name=value`, a null value as `null`. */
function headersText(headers: Iterable<[string, Buffer | null]>): Buffer {
  const parts: Buffer[] = []
  for (const [name, value] of headers) {
    parts.push(Buffer.from(`${parts.length === 0 ? '' : ','}${name}=`), value ?? NULL)
  }
  return Buffer.concat(parts)
}
