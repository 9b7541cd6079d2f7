// How `consume` prints records, by its flags. [any thread]
import { writeJsonLines } from './json-lines.ts'
import { compileFormat, type RecordWriter } from './record-format.ts'
import { UsageError } from './usage-error.ts'

/** The flags that say it. */
export interface PrintFlags {
  format?: string
  json?: boolean
  count?: boolean
}

/** What writes records; undefined when they are only counted. */
export function writerOf({ format, json, count }: PrintFlags): RecordWriter | undefined {
  if (json === true && format !== undefined) throw new UsageError('--json and --format exclude each other.')
  if (count === true) return undefined
  return json === true ? writeJsonLines : compileFormat(format ?? '%s\\n')
}
