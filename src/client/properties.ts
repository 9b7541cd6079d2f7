// Java's client.properties: the file that Kafka's own tools and most providers hand out. [main thread]
import { readFileSync } from 'node:fs'
import { InvalidOption } from '../base/errors.ts'
import { commonLayer, type Environment, environmentLayer } from './environment.ts'
import { argumentLayer, mergeLayers, type OptionLayer } from './option-layer.ts'
import { textLayer } from './option-text.ts'
import type { KafkaOptions } from './options.ts'

/** One entry of a properties file. */
export interface Property {
  readonly key: string
  readonly value: string
  /** The line it starts on, from 1. */
  readonly line: number
}

/** Reads the format of java.util.Properties: comments, `=`, `:` or blank as separator, continued lines, escapes. */
export function parseProperties(text: string): Property[] {
  const properties: Property[] = []
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1
    let logical = lines[index]!.replace(/^[ \t\f]+/, '')
    if (logical === '' || logical.startsWith('#') || logical.startsWith('!')) continue
    // A backslash alone continues nothing: what follows is a line of its own, perhaps a comment.
    while (endsInOddBackslashes(logical) && logical.length > 1) {
      // The last line of a file may end in a backslash, too.
      logical = logical.slice(0, -1) + (lines[++index] ?? '').replace(/^[ \t\f]+/, '')
    }
    if (logical === '\\') continue
    const [, key, value] = /^((?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(.*)$/s.exec(logical)!
    properties.push({ key: unescaped(key!, line), value: unescaped(value!, line), line })
  }
  return properties
}

/** The options in a client.properties file. The last of two equal keys counts, as in Java. */
export function propertiesLayer(file: string): OptionLayer {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (cause) {
    throw new InvalidOption('INVALID_OPTION', `The properties file cannot be read: ${(cause as Error).message}.`, {
      cause,
    })
  }
  const assignments = parseProperties(text).map(({ key, value, line }) => {
    return { name: key, text: value.trim(), at: `${file}:${line}` }
  })
  return textLayer('file', assignments)
}

/** All sources over each other: arguments, `MILLRACE_` variables, the file, then the variables that programs share. */
export function fromProperties(file: string, given: KafkaOptions = {}, env: Environment = process.env): KafkaOptions {
  const layers = [argumentLayer(given), environmentLayer(env), propertiesLayer(file), commonLayer(env)]
  return mergeLayers(...layers) as KafkaOptions
}

function endsInOddBackslashes(line: string): boolean {
  return /\\*$/.exec(line)![0].length % 2 === 1
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' }

function unescaped(text: string, line: number): string {
  return text.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (_, escaped: string) => {
    if (escaped === 'u') {
      throw new InvalidOption('INVALID_OPTION', `Line ${line} of the properties: \\u needs four hexadecimal digits.`)
    }
    if (escaped.length > 1) return String.fromCharCode(Number.parseInt(escaped.slice(1), 16))
    return ESCAPES[escaped] ?? escaped
  })
}
