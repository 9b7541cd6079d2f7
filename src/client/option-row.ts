// One row of the option table: what an option accepts, how it is checked, and how text becomes its value. [main thread]
import { inspect } from 'node:util'
import { InvalidOption } from '../base/errors.ts'

/** A row of the option table. `In` is what a caller may give, `Out` what the library reads. */
export interface OptionRow<In = unknown, Out = unknown> {
  /** The type in words, with the unit: `bytes`, `ms`, `count`, `boolean`, `'a' | 'b'`, ... */
  readonly type: string
  /** What the option is when nobody sets it. */
  readonly default: Out | undefined
  /** The default in words, where the value itself says too little. */
  readonly defaultText?: string | undefined
  readonly min?: number | undefined
  readonly max?: number | undefined
  /** `Infinity` is allowed: no limit. */
  readonly unlimited?: boolean | undefined
  /** The words allowed. */
  readonly values?: readonly string[] | undefined
  /** Kafka's own name, when it is not the mechanical one; `false` when Kafka has no such option. */
  readonly java?: string | false | undefined
  /** Other spellings that are accepted. */
  readonly aliases?: readonly string[] | undefined
  /** Never printed. */
  readonly secret?: boolean | undefined
  /** Text into what `check` takes; undefined when the option can only be set in code. Wrong text is handed through. */
  readonly parse: ((text: string) => unknown) | undefined
  /** Returns the value to use, or undefined when `value` will not do. */
  readonly accept: (value: unknown) => Out | undefined
  /** What is accepted, for the message: `must be …`. */
  readonly expected: string
  /** Never set: carries the type a caller may give. */
  readonly given?: In | undefined
}

type Details = 'defaultText' | 'java' | 'aliases' | 'secret'
type RowDetails = Partial<Pick<OptionRow, Details>>
type NumberDetails<D> = RowDetails & { default?: D; min?: number; max?: number; unlimited?: boolean }

const INT32_MAX = 0x7fffffff
const BYTE_UNITS: Record<string, number> = { '': 1, kib: 1024, mib: 1024 ** 2, gib: 1024 ** 3 }
const TIME_UNITS: Record<string, number> = { '': 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000 }

/** A number of bytes; text may say `64MiB`. */
export const bytes = <const D extends number | undefined = undefined>(details: NumberDetails<D>) =>
  numeric<D>('bytes', 'whole number of bytes', BYTE_UNITS, details)

/** A number of milliseconds; text may say `5s`, `10m`, `1h`. */
export const ms = <const D extends number | undefined = undefined>(details: NumberDetails<D>) =>
  numeric<D>('ms', 'whole number of milliseconds', TIME_UNITS, details)

/** A plain number of things. */
export const count = <const D extends number | undefined = undefined>(details: NumberDetails<D>) =>
  numeric<D>('count', 'whole number', { '': 1 }, details)

type Wide<D> = D extends number ? number : D extends boolean ? boolean : D extends undefined ? undefined : D

function numeric<D extends number | undefined>(
  type: string,
  words: string,
  units: Record<string, number>,
  details: NumberDetails<D>,
): OptionRow<number, number | Wide<D>> {
  const { min = 0, max = INT32_MAX, unlimited = false } = details
  const inRange = (value: unknown): value is number =>
    (Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max) ||
    (unlimited && value === Infinity)
  return {
    ...details,
    default: details.default as number | Wide<D> | undefined,
    type,
    min,
    max,
    parse: (text) => parseNumber(text, units),
    accept: (value) => (inRange(value) ? value : undefined),
    expected: `a ${words} from ${min} to ${max}${unlimited ? ', or Infinity' : ''}`,
  }
}

function parseNumber(text: string, units: Record<string, number>): unknown {
  const match = /^(-?\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim())
  if (match === null) return text.trim().toLowerCase() === 'infinity' ? Infinity : text
  const unit = units[match[2]!.toLowerCase()]
  return unit === undefined ? text : Number(match[1]) * unit
}

/** true or false. */
export function flag(details: RowDetails & { default: boolean }): OptionRow<boolean, boolean> {
  return {
    ...details,
    type: 'boolean',
    parse: (text) => ({ true: true, 1: true, false: false, 0: false })[text.trim().toLowerCase()] ?? text,
    accept: (value) => (typeof value === 'boolean' ? value : undefined),
    expected: 'true or false',
  }
}

/** One word of a list. */
export function choice<const V extends readonly string[], D extends V[number] | undefined = undefined>(
  values: V,
  details: RowDetails & { default?: D },
): OptionRow<V[number], V[number] | (D extends undefined ? undefined : never)> {
  const listed = values.map((value) => `'${value}'`)
  return {
    ...details,
    default: details.default,
    type: listed.join(' | '),
    values,
    parse: (text) => values.find((value) => value.toLowerCase() === text.trim().toLowerCase()) ?? text,
    accept: (value) => (values.includes(value as string) ? (value as V[number]) : undefined),
    expected: `${listed.slice(0, -1).join(', ')} or ${listed.at(-1)}`,
  }
}

/** A string that is not empty. */
export function text<D extends string | undefined = undefined>(
  details: RowDetails & { default?: D },
): OptionRow<string, string | (D extends undefined ? undefined : never)> {
  return {
    ...details,
    default: details.default,
    type: 'string',
    parse: (given) => given,
    accept: (value) => (typeof value === 'string' && value !== '' ? value : undefined),
    expected: 'a string that is not empty',
  }
}

/** An option with a check of its own. */
export function special<In, Out = In>() {
  return <D extends Out | undefined = undefined>(
    details: RowDetails & {
      type: string
      expected: string
      default?: D
      parse?: (text: string) => unknown
      accept: (value: unknown) => Out | undefined
    },
  ): OptionRow<In, Out | (D extends undefined ? undefined : never)> => ({
    ...details,
    default: details.default,
    parse: details.parse,
  })
}

/** The default in words, for messages and docs. */
export function defaultWords(row: OptionRow): string {
  if (row.defaultText !== undefined) return row.defaultText
  if (row.default === undefined) return 'none'
  return typeof row.default === 'string' ? row.default : inspect(row.default)
}

/** Checks one value; throws `InvalidOption` that names option, expectation, default and value. */
export function checkOption<Out>(label: string, row: OptionRow<unknown, Out>, value: unknown): Out {
  const accepted = row.accept(value)
  if (accepted !== undefined) return accepted
  const shown = row.secret === true ? 'what was given' : shorten(inspect(value, { depth: 1, breakLength: Infinity }))
  const fallback = row.default === undefined && row.defaultText === undefined ? '' : ` (default ${defaultWords(row)})`
  throw new InvalidOption('INVALID_OPTION', `${label} must be ${row.expected}${fallback}, not ${shown}.`)
}

const shorten = (shown: string) => (shown.length > 80 ? `${shown.slice(0, 77)}...` : shown)
