// The option table put together: every option with its scope, found by any of its spellings. [main thread]
import type { OptionRow } from './option-row.ts'
import { connectionOptions } from './options-connection.ts'
import { callOptions, fetchOptions, iterateOptions, readerOptions } from './options-fetch.ts'
import { groupOptions } from './options-group.ts'
import { producerOptions } from './options-producer.ts'
import { runOptions } from './options-run.ts'

/** Where an option may be set. Those of `fetch` are taken by `new Kafka` and by each reader. */
export type OptionScope = 'kafka' | 'fetch' | 'iterate' | 'call' | 'reader' | 'group' | 'run' | 'producer'

/** A row with its name and scope. */
export interface Option extends OptionRow {
  readonly name: string
  readonly scope: OptionScope
  /** Kafka's own name for it; undefined when Kafka has none. */
  readonly javaName: string | undefined
  /** The environment variable that sets it. */
  readonly environmentName: string
}

/** Every option by name, in the order of the docs. */
export const optionTable: ReadonlyMap<string, Option> = new Map([
  ...rowsOf('kafka', connectionOptions),
  ...rowsOf('fetch', fetchOptions),
  ...rowsOf('iterate', iterateOptions),
  ...rowsOf('call', callOptions),
  ...rowsOf('reader', readerOptions),
  ...rowsOf('group', groupOptions),
  ...rowsOf('run', runOptions),
  ...rowsOf('producer', producerOptions),
])

const spellings = new Map<string, Option>()
for (const option of optionTable.values()) {
  const { javaName } = option
  for (const spelling of camelSpellings(option)) {
    spellings.set(spelling, option)
    spellings.set(dotted(spelling), option)
    spellings.set(upperSnake(spelling), option)
  }
  if (javaName !== undefined) spellings.set(javaName, option)
}

/** The option that is meant by our name, an alias, Kafka's name, our name with dots, or one of them in capitals. */
export function findOption(spelling: string): Option | undefined {
  return spellings.get(spelling)
}

/** Every spelling that `findOption` knows. */
export function allSpellings(): Iterable<string> {
  return spellings.keys()
}

/** What counts in code: the name, its aliases, and Kafka's name in camelCase. */
export function camelSpellings({ name, aliases = [], javaName }: Option): string[] {
  return [name, ...aliases, ...(javaName === undefined ? [] : [camelCase(javaName)])]
}

/** `fetchMaxBytes` as `fetch.max.bytes`. */
export function dotted(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `.${letter.toLowerCase()}`)
}

/** `fetch.max.bytes` as `fetchMaxBytes`. */
export function camelCase(javaName: string): string {
  return javaName.replace(/\.([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())
}

/** `fetchMaxBytes` as `FETCH_MAX_BYTES`. */
export function upperSnake(name: string): string {
  return dotted(name).replaceAll('.', '_').toUpperCase()
}

function rowsOf(scope: OptionScope, rows: Record<string, OptionRow>): [string, Option][] {
  return Object.entries(rows).map(([name, row]) => {
    const javaName = row.java === false ? undefined : (row.java ?? dotted(name))
    return [name, { ...row, name, scope, javaName, environmentName: `MILLRACE_${upperSnake(name)}` }]
  })
}
