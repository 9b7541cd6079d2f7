// Reads and writes a message by walking its plan. [pure: any thread]
// It is the codec where code generation is refused, the oracle of the compiled one, and what names a field that failed.

import { InvalidOption, ProtocolViolation, UnsupportedVersion } from '../base/errors.ts'
import type { Reader } from '../bytes/reader.ts'
import type { Writer } from '../bytes/writer.ts'
import type { Plan, PlanField, PlanType } from './plan.ts'

type Struct = { [name: string]: unknown }
type Trail = (string | number)[]

/** Reads a message; every error names message, version and field. */
export function readByPlan(plan: Plan, reader: Reader): unknown {
  const trail: Trail = []
  try {
    return readStruct(plan, reader, trail)
  } catch (error) {
    throw named(error, plan, trail, ProtocolViolation)
  }
}

/** Writes a message; every error names message, version and field. */
export function writeByPlan(plan: Plan, writer: Writer, value: unknown): void {
  const trail: Trail = []
  try {
    writeStruct(plan, writer, value, trail)
  } catch (error) {
    throw named(error, plan, trail, InvalidOption)
  }
}

/** The value of a field that is not there: arrays and structs are new ones each time. */
export function defaultOf(field: PlanField): unknown {
  if (field.default === null) return null
  if (field.type.kind === 'array') return []
  return field.type.kind === 'struct' ? defaultStruct(field.type.plan) : field.default
}

/** True when leaving the field out loses nothing. */
export function isDefault(field: PlanField, value: unknown): boolean {
  if (value === undefined || value === field.default) return true
  if (value === null || field.default === null) return false
  if (field.type.kind === 'array') return Array.isArray(value) && value.length === 0
  if (value instanceof Uint8Array) return value.byteLength === 0 && field.default instanceof Uint8Array
  if (field.type.kind !== 'struct' || typeof value !== 'object') return false
  return field.type.plan.fields.every((inner) => isDefault(inner, (value as Struct)[inner.name]))
}

/** Refuses a value whose field the version lacks (Java's rule for fields that are not ignorable). */
export function refuseAbsent(plan: Plan, field: PlanField): never {
  const why = `${plan.label} has no field ${field.name}; leave it out, or use a version that has it`
  throw new UnsupportedVersion('UNSUPPORTED_VERSION', why)
}

function defaultStruct(plan: Plan): Struct {
  const result: Struct = {}
  for (const field of plan.fields) result[field.name] = defaultOf(field)
  return result
}

function readStruct(plan: Plan, reader: Reader, trail: Trail): Struct {
  // Every key first, in table order: what is read then fills it in.
  const result = defaultStruct(plan)
  for (const field of plan.fields) {
    if (field.presence !== 'inline') continue
    trail.push(field.name)
    result[field.name] = readValue(field.type, reader, trail)
    trail.pop()
  }
  if (!plan.flexible) return result
  for (let left = reader.tagCount(); left > 0; left--) {
    const tag = reader.uvarint()
    const size = reader.uvarint()
    const end = reader.at + size
    const field = plan.tagged.find((candidate) => candidate.tag === tag)
    trail.push(field?.name ?? `tag ${tag}`)
    if (field === undefined) reader.skip(size)
    else result[field.name] = readValue(field.type, reader, trail)
    if (reader.at !== end) reader.fail(`the tagged field takes ${size} bytes, but its value ends at another byte`)
    trail.pop()
  }
  return result
}

function readValue(type: PlanType, reader: Reader, trail: Trail): unknown {
  if (type.kind === 'struct') return type.nullable && reader.int8() < 0 ? null : readStruct(type.plan, reader, trail)
  const read = reader[type.method] as (elementBytesMin?: number) => unknown
  if (type.kind !== 'array') return read.call(reader)
  const count = read.call(reader, type.of.bytesMin) as number
  if (count < 0) return null
  const result: unknown[] = []
  for (let index = 0; index < count; index++) {
    trail.push(index)
    result.push(readValue(type.of, reader, trail))
    trail.pop()
  }
  return result
}

function writeStruct(plan: Plan, writer: Writer, value: unknown, trail: Trail): void {
  if (typeof value !== 'object' || value === null) writer.fail(`${String(value)} given where an object belongs`)
  const struct = value as Struct
  for (const field of plan.fields) {
    const given = struct[field.name]
    if (field.presence === 'absent' && !field.ignorable && !isDefault(field, given)) refuseAbsent(plan, field)
    if (field.presence !== 'inline') continue
    trail.push(field.name)
    writeValue(field.type, writer, given === undefined ? defaultOf(field) : given, trail)
    trail.pop()
  }
  if (!plan.flexible) return
  const tagged = plan.tagged.filter((field) => !isDefault(field, struct[field.name]))
  writer.uvarint(tagged.length)
  for (const field of tagged) {
    trail.push(field.name)
    writer.uvarint(field.tag)
    const start = writer.at
    writeValue(field.type, writer, struct[field.name], trail)
    writer.sizeBefore(start)
    trail.pop()
  }
}

function writeValue(type: PlanType, writer: Writer, value: unknown, trail: Trail): void {
  if (type.kind === 'struct') {
    if (type.nullable) writer.int8(value === null ? -1 : 1)
    if (!type.nullable || value !== null) writeStruct(type.plan, writer, value, trail)
    return
  }
  const write = writer[type.method] as (value: unknown) => void
  write.call(writer, value)
  if (type.kind !== 'array' || value === null) return
  const values = value as unknown[]
  for (let index = 0; index < values.length; index++) {
    trail.push(index)
    writeValue(type.of, writer, values[index], trail)
    trail.pop()
  }
}

function named(
  error: unknown,
  plan: Plan,
  trail: Trail,
  Class: typeof InvalidOption | typeof ProtocolViolation,
): unknown {
  if (error instanceof UnsupportedVersion) return error
  let path = ''
  for (const step of trail) path += typeof step === 'number' ? `[${step}]` : path === '' ? step : `.${step}`
  const where = path === '' ? plan.label : `${plan.label}: ${path}`
  const code = Class === InvalidOption ? 'INVALID_VALUE' : 'PROTOCOL_VIOLATION'
  const why = error instanceof Error ? error.message : String(error)
  return new Class(code, `${where}: ${why}`, { cause: error })
}
