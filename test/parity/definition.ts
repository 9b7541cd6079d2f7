// Kafka's message definitions, read from their JSON and flattened into rows that a table can be compared with.

/** The parts of a definition that matter on the wire. */
export interface Definition {
  readonly apiKey?: number
  readonly name: string
  readonly listeners?: readonly string[]
  readonly validVersions: string
  readonly flexibleVersions?: string
  readonly latestVersionUnstable?: boolean
  readonly fields: readonly FieldDefinition[]
  readonly commonStructs?: readonly { readonly name: string; readonly fields: readonly FieldDefinition[] }[]
}

interface FieldDefinition {
  readonly name: string
  readonly type: string
  readonly versions: string
  readonly nullableVersions?: string
  readonly taggedVersions?: string
  readonly tag?: number
  readonly default?: string | number | boolean
  readonly ignorable?: boolean
  readonly flexibleVersions?: string
  readonly fields?: readonly FieldDefinition[]
}

/** First and last version; an open end is Infinity, nothing is [Infinity, -1]. */
export type Range = readonly [number, number]

/** Reads a definition: JSON with comments of whole lines. */
export function parseDefinition(text: string): Definition {
  return JSON.parse(text.replace(/^\s*\/\/.*$/gm, '')) as Definition
}

/** The versions that we carry: all valid ones but an unstable latest one. */
export function carriedVersions(definition: Definition): { lo: number; hi: number; unstable: number | undefined } {
  const [lo, hi] = rangeOf(definition.validVersions)
  const unstable = definition.latestVersionUnstable === true ? hi : undefined
  return { lo, hi: unstable === undefined ? hi : hi - 1, unstable }
}

/** One row for the message and one for each field that a version carries, in the order of the wire. */
export function rowsOfDefinition(definition: Definition, versions: Range): string[] {
  const flexible = rangeOf(definition.flexibleVersions)[0]
  const rows = [
    `${definition.name} key ${definition.apiKey ?? -1} flexible ${flexible > versions[1] ? 'never' : flexible}`,
  ]
  addRows(rows, definition, definition.fields, '', versions)
  return rows
}

/** The range that both have. */
export function meet(a: Range, b: Range): Range {
  return [Math.max(a[0], b[0]), Math.min(a[1], b[1])]
}

/** A row of text, the same for a definition and for a table. */
export function rowOf(row: {
  path: string
  type: string
  versions: Range
  outer: Range
  nullableFrom: number
  tag: number
  default: string
  ignorable: boolean
}): string {
  const { path, type, versions, outer, nullableFrom, tag } = row
  // "Ignorable" says nothing about a field that is never absent where its struct is present.
  const always = versions[0] === outer[0] && versions[1] === outer[1]
  const nullable = nullableFrom > versions[1] ? '' : ` null from ${Math.max(nullableFrom, versions[0])}`
  const tail = `${tag < 0 ? '' : ` tag ${tag}`}${row.ignorable && !always ? ' ignorable' : ''}`
  return `${path}: ${type} v${versions[0]}-${versions[1]}${nullable} default ${row.default}${tail}`
}

function addRows(
  rows: string[],
  definition: Definition,
  fields: readonly FieldDefinition[],
  prefix: string,
  outer: Range,
): void {
  for (const field of fields) {
    const versions = meet(rangeOf(field.versions), outer)
    if (versions[0] > versions[1]) continue
    const nullable = meet(rangeOf(field.nullableVersions), versions)
    const tagged = meet(rangeOf(field.taggedVersions), versions)
    const partly = (range: Range) => range[0] <= range[1] && range[1] !== versions[1]
    if (partly(nullable) || (field.tag !== undefined && tagged[0] !== versions[0])) {
      throw new Error(`${definition.name}.${field.name} has a range that the tables cannot express`)
    }
    const path = `${prefix}${field.name[0]?.toLowerCase()}${field.name.slice(1)}`
    const struct = field.type.replace(/^(\[\])*/, '')
    const inner = field.fields ?? definition.commonStructs?.find(({ name }) => name === struct)?.fields
    const type = inner === undefined ? field.type : field.type.replace(struct, 'struct')
    const nullableFrom = nullable[0] > nullable[1] ? Number.POSITIVE_INFINITY : nullable[0]
    const text = { default: defaultOf(field, type), ignorable: field.ignorable === true }
    rows.push(rowOf({ path, type, versions, outer, nullableFrom, tag: field.tag ?? -1, ...text }))
    if (inner !== undefined) addRows(rows, definition, inner, `${path}.`, versions)
  }
}

function defaultOf(field: FieldDefinition, type: string): string {
  const given = field.default
  if (type === 'records' || String(given) === 'null') return 'null'
  if (type === 'struct') return 'struct'
  if (type.startsWith('[]') || type === 'bytes') return 'empty'
  if (type === 'string') return JSON.stringify(given ?? '')
  if (type === 'bool') return String(given ?? false)
  if (type === 'uuid') return 'AAAAAAAAAAAAAAAAAAAAAA'
  return String(BigInt(given === undefined ? 0 : (given as string)))
}

function rangeOf(text: string | undefined): Range {
  if (text === undefined || text === 'none') return [Number.POSITIVE_INFINITY, -1]
  const [lo, hi] = text.split('-')
  if (text.endsWith('+')) return [Number.parseInt(text, 10), Number.POSITIVE_INFINITY]
  return [Number(lo), Number(hi ?? lo)]
}
