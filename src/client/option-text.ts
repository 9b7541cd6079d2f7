// Options out of text: assignments on the command line, in the environment and in files. [main thread]
import { InvalidOption, MillraceError } from '../base/errors.ts'
import type { OptionLayer, OptionSource } from './option-layer.ts'
import { suggestOption } from './option-suggestion.ts'
import { findOption, type Option } from './option-table.ts'
import { findSecurityName, type SecurityTexts, securityOptions } from './security-text.ts'

/** One `name=text` and where it stands. */
export interface Assignment {
  readonly name: string
  readonly text: string
  readonly at: string
}

/** What names mean in Kafka that have no meaning here: they stand in files that Java programs share with us. */
const JAVA_ONLY: readonly (readonly [RegExp, string])[] = [
  [/^(key|value)\.(de)?serializer$/, 'serializers are given in code'],
  [/^(bootstrap|client)\.dns\.lookup$|^client\.dns\.lookup$/, 'every address of a name is tried'],
  [/^(socket\.connection\.setup\.timeout\.max\.ms|send\.buffer\.bytes|receive\.buffer\.bytes)$/, 'not needed here'],
  [
    /^(interceptor\.classes|metric\.reporters|metrics\..*|auto\.include\.jmx\.reporter)$/,
    'Java classes cannot run here',
  ],
  [/^(enable\.metrics\.push|exclude\.internal\.topics|config\.providers.*)$/, 'not there in this client'],
  [/^partitioner\.(class|ignore\.keys|availability\..*)$/, 'not there in this client'],
  [/^(schema\.registry\..*|basic\.auth\..*|bearer\.auth\..*)$/, 'belongs to a schema registry client'],
  [/^(ssl|sasl|security)\..*$/, 'this security setting is not there'],
  [/^(confluent\..*|group\.protocol\.type|metadata\.recovery\.rebootstrap\..*)$/, 'not there in this client'],
]

/**
 * Reads assignments into a layer. Throws `InvalidOption` that says where, and what was probably meant. Files and the
 * environment are shared with other programs, so not all in them is for us; what is `ours` alone must all be known.
 */
export function textLayer(
  kind: OptionSource['kind'],
  assignments: Iterable<Assignment>,
  ours: boolean = kind === 'argument',
): OptionLayer {
  const values: Record<string, unknown> = {}
  const sources: Record<string, OptionSource> = {}
  const ignored: { name: string; at: string; why: string }[] = []
  const security: SecurityTexts = {}
  let securityAt: string | undefined
  for (const assignment of assignments) {
    const { name, text, at } = assignment
    const securityName = findSecurityName(name)
    const option = findOption(name)
    if (securityName !== undefined) {
      security[securityName] = text
      securityAt ??= at
    } else if (option !== undefined) {
      values[option.name] = parsed(option, assignment)
      sources[option.name] = { kind, at }
    } else {
      ignored.push({ name, at, why: whyIgnored(kind, assignment, ours) })
    }
  }
  if (securityAt !== undefined) {
    for (const [name, value] of Object.entries(locate(securityAt, () => securityOptions(security)))) {
      if (Object.hasOwn(values, name)) continue
      values[name] = value
      sources[name] = { kind, at: securityAt }
    }
  }
  return { values, sources, ignored }
}

/** `fetch.max.bytes=1000` of the command line. */
export function assignmentLayer(given: readonly string[], flag = '-X'): OptionLayer {
  const assignments = given.map((assignment) => {
    const [name, ...rest] = assignment.split('=')
    if (name === '' || rest.length === 0) {
      throw new InvalidOption('INVALID_OPTION', `${flag} takes option=value, as in ${flag} fetch.max.bytes=1000000.`)
    }
    return { name: name!.trim(), text: rest.join('='), at: `${flag} ${name!.trim()}` }
  })
  return textLayer('argument', assignments)
}

function parsed(option: Option, { text, at }: Assignment): unknown {
  if (option.parse !== undefined) return option.parse(text)
  const instead =
    option.name === 'sasl'
      ? 'in text, use sasl.mechanism, sasl.username and sasl.password'
      : 'it can only be set in code'
  throw new InvalidOption('INVALID_OPTION', `${option.name} (${at}) must be ${option.expected}: ${instead}.`)
}

function whyIgnored(kind: OptionSource['kind'], { name, at }: Assignment, ours: boolean): string {
  const meaning = JAVA_ONLY.find(([pattern]) => pattern.test(name))?.[1]
  if (meaning !== undefined && !ours) return meaning
  const meant = suggestOption(name)
  // Anybody may put a variable into the environment: only what looks like a slip is an error.
  if (kind === 'environment' && !ours && meant === undefined) return 'no option has this name'
  const hint = meaning ?? (meant === undefined ? 'docs/options.md lists all of them' : undefined)
  const ending = hint === undefined ? `did you mean ${meant}?` : `${hint}.`
  throw new InvalidOption('UNKNOWN_OPTION', `Unknown option '${name}' (${at}): ${ending}`)
}

function locate<T>(at: string, step: () => T): T {
  try {
    return step()
  } catch (error) {
    if (!(error instanceof MillraceError)) throw error
    throw new InvalidOption(error.code, `${error.message.replace(/\.$/, '')} (${at}).`, { cause: error })
  }
}
