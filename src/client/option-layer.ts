// Where option values come from: layers of arguments, environment and files, laid over each other. [main thread]
import { InvalidOption } from '../base/errors.ts'
import { camelSpellings, optionTable } from './option-table.ts'

/** Where a value was set, so that a message and `millrace doctor` can say it. */
export interface OptionSource {
  readonly kind: 'argument' | 'environment' | 'file' | 'profile' | 'default'
  /** The variable, the line of the file, or the profile. */
  readonly at?: string | undefined
}

/** Values from one place, by the option's own name. */
export interface OptionLayer {
  readonly values: Readonly<Record<string, unknown>>
  readonly sources: Readonly<Record<string, OptionSource>>
  /** What was found but has no meaning here, and why. */
  readonly ignored: readonly { readonly name: string; readonly at: string; readonly why: string }[]
}

// Beside the objects, not in them: the objects go through the hands of users, who print and copy them.
const sourcesOfObject = new WeakMap<object, Readonly<Record<string, OptionSource>>>()

const ARGUMENT: OptionSource = { kind: 'argument' }

/** What the caller passed, as a layer. */
export function argumentLayer(given: object): OptionLayer {
  const values: Record<string, unknown> = {}
  const sources: Record<string, OptionSource> = {}
  const known = sourcesOfObject.get(given)
  for (const [spelling, value] of Object.entries(given)) {
    if (value === undefined) continue
    const name = canonicalName(spelling)
    if (Object.hasOwn(values, name)) {
      throw new InvalidOption('INVALID_OPTION', `${name} is given twice: also as ${spelling}. Leave one out.`)
    }
    values[name] = value
    sources[name] = known?.[spelling] ?? ARGUMENT
  }
  return { values, sources, ignored: [] }
}

/** Lays layers over each other, the first on top, into options for `new Kafka` that remember where each came from. */
export function mergeLayers(...layers: readonly OptionLayer[]): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  const sources: Record<string, OptionSource> = {}
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer.values)) {
      if (Object.hasOwn(values, name)) continue
      values[name] = value
      sources[name] = layer.sources[name] ?? ARGUMENT
    }
  }
  rememberSources(values, sources)
  return values
}

/** Notes where the values of an object came from. */
export function rememberSources(options: object, sources: Readonly<Record<string, OptionSource>>): void {
  sourcesOfObject.set(options, Object.freeze({ ...sources }))
}

/** Where the values of a resolved object came from. */
export function sourcesOf(options: object): Readonly<Record<string, OptionSource>> {
  return sourcesOfObject.get(options) ?? {}
}

const textsOfObject = new WeakMap<object, object>()

/** Notes beside the options of an instance what stood in text for the consumers, producers and runs that it makes. */
export function rememberTexts(options: object, texts: object): void {
  textsOfObject.set(options, texts)
}

/** What stood in text beside these options, and where: defaults of what is made with them. */
export function textsOf(options: object): object {
  return textsOfObject.get(options) ?? {}
}

/** The source in words: `environment (MILLRACE_BROKERS)`. */
export function sourceWords(source: OptionSource): string {
  return source.at === undefined ? source.kind : `${source.kind} (${source.at})`
}

// In code only our names and their camelCase aliases count; dots and capitals belong to files and the environment.
const camelNames = new Map<string, string>()
for (const option of optionTable.values()) {
  for (const spelling of camelSpellings(option)) camelNames.set(spelling, option.name)
}

function canonicalName(spelling: string): string {
  return camelNames.get(spelling) ?? spelling
}
