// Our message tables, flattened into the same rows as Kafka's definitions.

import type { Field, FieldType, Message, Shape } from '../../src/protocol/schema.ts'
import { meet, type Range, rowOf } from './definition.ts'

/** One row for the message and one for each field. */
export function rowsOfTable(message: Message): string[] {
  const flexible = message.flexible > message.versions[1] ? 'never' : message.flexible
  const rows = [`${message.name} key ${message.key} flexible ${flexible}`]
  addRows(rows, message.shape, '', message.versions)
  return rows
}

/** All fields of primitive type, and whether they are marked as error codes. */
export function errorCodeFields(message: Message): { path: string; kind: string; marked: boolean }[] {
  const found: { path: string; kind: string; marked: boolean }[] = []
  const walk = (shape: Shape, prefix: string): void => {
    for (const [name, field] of Object.entries(shape)) {
      const path = `${prefix}.${name}`
      const inner = structOf(field.type)
      if (inner === undefined) found.push({ path, kind: field.type.kind, marked: field.rules.errorCode })
      else walk(inner, path)
    }
  }
  walk(message.shape, message.name)
  return found
}

function addRows(rows: string[], shape: Shape, prefix: string, outer: Range): void {
  for (const [name, field] of Object.entries(shape)) {
    const { rules } = field
    const versions = meet([rules.since, rules.until], outer)
    const path = `${prefix}${name}`
    const type = typeName(field.type)
    const { tag, ignorable, nullableSince: nullableFrom } = rules
    rows.push(rowOf({ path, type, versions, outer, nullableFrom, tag, ignorable, default: defaultOf(field) }))
    const inner = structOf(field.type)
    if (inner !== undefined) addRows(rows, inner, `${path}.`, versions)
  }
}

function typeName(type: FieldType): string {
  if (type.kind === 'array') return `[]${typeName(type.of)}`
  return type.kind === 'safeInt64' ? 'int64' : type.kind
}

function structOf(type: FieldType): Shape | undefined {
  if (type.kind === 'array') return structOf(type.of)
  return type.kind === 'struct' ? type.shape : undefined
}

function defaultOf(field: Field): string {
  const value = field.rules.default
  if (value === undefined && field.type.kind === 'struct') return 'struct'
  if (Array.isArray(value) || value instanceof Uint8Array) return value.length === 0 ? 'empty' : 'not empty'
  return typeof value === 'string' && field.type.kind === 'string' ? JSON.stringify(value) : String(value)
}
