// A message table narrowed to one version: what both codecs, compiled and interpreted, walk. [pure: any thread]

import type { Reader } from '../bytes/reader.ts'
import type { Writer } from '../bytes/writer.ts'
import type { Field, FieldType, Message, PrimitiveKind, Shape } from './schema.ts'

/** The name of the Reader and of the Writer method that a value or an array count goes through. */
export type Method = Extract<keyof Reader, keyof Writer> & string

/** An element or field type in one version. */
export type PlanType =
  | { readonly kind: PrimitiveKind; readonly method: Method; readonly bytesMin: number }
  | { readonly kind: 'array'; readonly method: Method; readonly bytesMin: number; readonly of: PlanType }
  | { readonly kind: 'struct'; readonly nullable: boolean; readonly bytesMin: number; readonly plan: Plan }

/** A field in one version. */
export interface PlanField {
  readonly name: string
  readonly type: PlanType
  /** In its place, under a tag, or not in this version. */
  readonly presence: 'inline' | 'tagged' | 'absent'
  readonly tag: number
  /** Undefined for a struct whose default is a struct of defaults. */
  readonly default: unknown
  readonly ignorable: boolean
}

/** A message or struct in one version. */
export interface Plan {
  /** `FetchResponse v12`. */
  readonly label: string
  readonly version: number
  readonly flexible: boolean
  /** All fields of the table, in its order, also absent ones. */
  readonly fields: readonly PlanField[]
  /** The tagged fields, by tag. */
  readonly tagged: readonly PlanField[]
  /** The fewest bytes that one takes on the wire: what bounds a claimed count. */
  readonly bytesMin: number
}

/** Narrows a message to a version that it carries. */
export function planOf(message: Message, version: number): Plan {
  return planShape(message.shape, version, version >= message.flexible, `${message.name} v${version}`)
}

function planShape(shape: Shape, version: number, flexible: boolean, label: string): Plan {
  const fields = Object.entries(shape).map(([name, field]) => planField(name, field, version, flexible, label))
  const tagged = fields.filter((field) => field.presence === 'tagged').sort((a, b) => a.tag - b.tag)
  let bytesMin = flexible ? 1 : 0
  for (const field of fields) if (field.presence === 'inline') bytesMin += field.type.bytesMin
  return { label, version, flexible, fields, tagged, bytesMin }
}

function planField(name: string, field: Field, version: number, flexible: boolean, label: string): PlanField {
  const { rules } = field
  const present = version >= rules.since && version <= rules.until
  return {
    name,
    type: planType(field.type, version, flexible, version >= rules.nullableSince, label),
    presence: present ? (rules.tag < 0 ? 'inline' : 'tagged') : 'absent',
    tag: rules.tag,
    default: rules.default,
    ignorable: rules.ignorable,
  }
}

function planType(type: FieldType, version: number, flexible: boolean, nullable: boolean, label: string): PlanType {
  if (type.kind === 'struct') {
    const plan = planShape(type.shape, version, flexible, label)
    return { kind: 'struct', nullable, plan, bytesMin: nullable ? 1 : plan.bytesMin }
  }
  if (type.kind === 'array') {
    const of = planType(type.of, version, flexible, false, label)
    return { kind: 'array', method: methodOf('arrayCount', flexible, nullable), bytesMin: flexible ? 1 : 4, of }
  }
  const fixed = FIXED_BYTES[type.kind]
  if (fixed !== undefined) return { kind: type.kind, method: type.kind as Method, bytesMin: fixed }
  const bytesMin = flexible ? 1 : type.kind === 'string' ? 2 : 4
  return { kind: type.kind, method: methodOf(type.kind, flexible, nullable), bytesMin }
}

const FIXED_BYTES: { readonly [kind in PrimitiveKind]?: number } = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  safeInt64: 8,
  float64: 8,
  uuid: 16,
}

function methodOf(base: string, compact: boolean, nullable: boolean): Method {
  const words = [...(compact ? ['compact'] : []), ...(nullable ? ['nullable'] : []), base]
  return words.map((word, index) => (index === 0 ? word : word[0]?.toUpperCase() + word.slice(1))).join('') as Method
}
