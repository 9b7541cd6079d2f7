// The language of the message tables: typed fields, and the types inferred from a table. [pure: any thread]
//
//   message('FetchRequest', 1, { versions: [4, 18], flexible: 12 }, {
//     sessionEpoch: int32.since(7).default(-1),
//     topics: array({ topic: string.until(12), topicId: uuid.since(13), … }),
//   })

import { ZERO_UUID } from '../bytes/reader.ts'
import type { Pieces } from '../bytes/writer.ts'

/** The types that take bytes of their own; an array or a struct consists of these. */
export type PrimitiveKind =
  | 'bool'
  | 'int8'
  | 'int16'
  | 'uint16'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'safeInt64'
  | 'float64'
  | 'string'
  | 'bytes'
  | 'records'
  | 'uuid'

/** What a field is made of. */
export type FieldType =
  | { readonly kind: PrimitiveKind }
  | { readonly kind: 'array'; readonly of: FieldType }
  | { readonly kind: 'struct'; readonly shape: Shape }

/** What a field's modifiers said. */
export interface FieldRules {
  /** The first and last version that carry the field; the message's own range narrows them. */
  readonly since: number
  readonly until: number
  /** The first version in which the field may be null. */
  readonly nullableSince: number
  /** The tag number of a tagged field (KIP-482), or -1. */
  readonly tag: number
  readonly default: unknown
  /** A value other than the default is dropped in silence by versions without the field. */
  readonly ignorable: boolean
  /** The field is an error code of the broker. */
  readonly errorCode: boolean
}

/** One row of a table. `Out` is what decoding gives, `In` what encoding takes; each modifier returns a new row. */
export class Field<Out = unknown, In = unknown> {
  declare readonly out: Out
  declare readonly in: In
  readonly type: FieldType
  readonly rules: FieldRules

  constructor(type: FieldType, rules: FieldRules) {
    this.type = type
    this.rules = rules
  }

  /** The first version with this field. */
  since(version: number): Field<Out, In> {
    return new Field(this.type, { ...this.rules, since: version })
  }

  /** The last version with this field. */
  until(version: number): Field<Out, In> {
    return new Field(this.type, { ...this.rules, until: version })
  }

  /** The field may be null, from that version on. */
  nullable(version = 0): Field<Out | null, In | null> {
    return new Field(this.type, { ...this.rules, nullableSince: version })
  }

  /** The field is sent under a tag, and only when it differs from its default (KIP-482). */
  tagged(tag: number): Field<Out, In> {
    return new Field(this.type, { ...this.rules, tag })
  }

  /** The value of the field where it is left out, or where the version lacks it; otherwise 0, '', [] and the like. */
  default(value: In): Field<Out, In> {
    return new Field(this.type, { ...this.rules, default: value })
  }

  /** Versions that lack the field drop its value instead of refusing it. */
  ignorable(): Field<Out, In> {
    return new Field(this.type, { ...this.rules, ignorable: true })
  }
}

/** The rows of a message or struct, in the order of the wire. */
export type Shape = { readonly [name: string]: Field }

/** What decoding a shape gives: every field is there, an absent one with its default. */
export type Decoded<S extends Shape> = { -readonly [K in keyof S]: S[K]['out'] }

/** What encoding a shape takes: a field left out has its default. */
export type Encodable<S extends Shape> = { readonly [K in keyof S]?: S[K]['in'] | undefined }

/** A message in all its versions. */
export interface Message<S extends Shape = Shape> {
  readonly name: string
  /** The API key, or -1 for data that travels inside another message. */
  readonly key: number
  /** The first and the last version that are carried. */
  readonly versions: readonly [number, number]
  /** The first flexible version (KIP-482: compact lengths, tagged fields), or `Infinity`. */
  readonly flexible: number
  readonly shape: S
}

/** The type of a decoded message. */
export type Infer<M extends Message> = Decoded<M['shape']>

/** The type of a message to encode: every field is optional, at every depth. */
export type Input<M extends Message> = Encodable<M['shape']>

/** Declares a message. */
export function message<S extends Shape>(
  name: string,
  key: number,
  { versions, flexible = Number.POSITIVE_INFINITY }: { versions: readonly [number, number]; flexible?: number },
  shape: S,
): Message<S> {
  return { name, key, versions, flexible, shape }
}

const NO_RULES: FieldRules = {
  since: 0,
  until: Number.POSITIVE_INFINITY,
  nullableSince: Number.POSITIVE_INFINITY,
  tag: -1,
  default: undefined,
  ignorable: false,
  errorCode: false,
}

function primitive<T>(kind: PrimitiveKind, initial: T, rules: Partial<FieldRules> = {}): Field<T, T> {
  return new Field({ kind }, { ...NO_RULES, default: initial, ...rules })
}

const EMPTY = new Uint8Array(0)
// Compared by length, never handed out.
const EMPTY_ARRAY: readonly never[] = []

export const bool: Field<boolean, boolean> = primitive('bool', false)
export const int8: Field<number, number> = primitive('int8', 0)
export const int16: Field<number, number> = primitive('int16', 0)
export const uint16: Field<number, number> = primitive('uint16', 0)
export const int32: Field<number, number> = primitive('int32', 0)
export const uint32: Field<number, number> = primitive('uint32', 0)
/** 64 bits that all matter, such as producer ids and broker epochs. */
export const int64: Field<bigint, bigint> = primitive('int64', 0n)
/** An int64 of the wire that counts positions in a log; beyond 2^53 - 1 it is refused. */
export const offset: Field<number, number> = primitive('safeInt64', 0)
/** An int64 of the wire in milliseconds since 1970; beyond 2^53 - 1 it is refused. */
export const timestamp: Field<number, number> = primitive('safeInt64', 0)
/** An int64 of the wire that is a duration in milliseconds; beyond 2^53 - 1 it is refused. */
export const duration: Field<number, number> = primitive('safeInt64', 0)
/** An int64 of the wire that is a quantity, such as bytes; beyond 2^53 - 1 it is refused. */
export const quantity: Field<number, number> = primitive('safeInt64', 0)
export const float64: Field<number, number> = primitive('float64', 0)
export const string: Field<string, string> = primitive('string', '')
/** A byte string; decoding copies it. */
export const bytes: Field<Uint8Array, Uint8Array> = primitive('bytes', EMPTY)
/** Record batches; decoding gives a view over the bytes it was given. */
export const records: Field<Uint8Array | null, Uint8Array | null> = primitive<Uint8Array | null>('records', null)
/** Record batches of a request, which may be given in pieces too. */
export const sentRecords: Field<Uint8Array | null, Uint8Array | Pieces | null> = records
/** 22 characters of base64url, as Kafka prints a uuid. */
export const uuid: Field<string, string> = primitive('uuid', ZERO_UUID)
/** An error code of the broker (int16), which `firstError` looks at; see errors.ts. */
export const errorCode: Field<number, number> = primitive('int16', 0, { errorCode: true })

/** An array of a primitive or of structs. */
export function array<O, I>(of: Field<O, I>): Field<O[], readonly I[]>
export function array<S extends Shape>(of: S): Field<Decoded<S>[], readonly Encodable<S>[]>
export function array(of: Field | Shape): Field {
  const element: FieldType = of instanceof Field ? of.type : { kind: 'struct', shape: of }
  return new Field({ kind: 'array', of: element }, { ...NO_RULES, default: EMPTY_ARRAY })
}

/** A struct in its place; its default is a struct of defaults. */
export function struct<S extends Shape>(shape: S): Field<Decoded<S>, Encodable<S>> {
  return new Field<Decoded<S>, Encodable<S>>({ kind: 'struct', shape }, NO_RULES)
}
