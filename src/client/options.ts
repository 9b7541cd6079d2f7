// Options: from what a caller gave to a complete, checked, frozen object, typed by the table. [main thread]
import { inspect } from 'node:util'
import { InvalidOption } from '../base/errors.ts'
import { formatAddress } from '../base/tcp.ts'
import type { Address } from '../base/transport.ts'
import {
  argumentLayer,
  type OptionLayer,
  type OptionSource,
  rememberSources,
  rememberTexts,
  sourcesOf,
  sourceWords,
  textsOf,
} from './option-layer.ts'
import { checkOption, type OptionRow } from './option-row.ts'
import { suggestOption } from './option-suggestion.ts'
import { type Option, type OptionScope, optionTable } from './option-table.ts'
import type { connectionOptions } from './options-connection.ts'
import type { callOptions, fetchOptions, iterateOptions, readerOptions } from './options-fetch.ts'
import type { groupOptions } from './options-group.ts'
import type { producerOptions } from './options-producer.ts'
import type { runOptions } from './options-run.ts'
import { profiles } from './profiles.ts'

type Given<T> = { readonly [K in keyof T]?: T[K] extends OptionRow<infer In, unknown> ? In | undefined : never }
type Resolved<T> = { readonly [K in keyof T]: T[K] extends OptionRow<unknown, infer Out> ? Out : never }

/** What a reader may set; `new Kafka` takes the same as defaults for all its readers. */
export interface FetchOptions extends Given<typeof fetchOptions> {}

/** What `new Kafka` takes. docs/options.md lists every option with unit, range, default and Java name. */
export interface KafkaOptions extends Given<typeof connectionOptions>, FetchOptions {
  /** Kafka's name for `brokers`. */
  readonly bootstrapServers?: string | readonly string[] | undefined
  /** The same as `tls`. */
  readonly ssl?: Given<typeof connectionOptions>['tls']
}

/** What the second argument of `kafka.iterate` takes. */
export interface IterateOptions
  extends FetchOptions,
    Given<typeof iterateOptions>,
    Given<typeof callOptions>,
    Given<typeof readerOptions> {}

/** What `kafka.consumer` takes. */
export interface ConsumerOptions extends FetchOptions, Given<typeof groupOptions>, Given<typeof readerOptions> {
  /** What to subscribe to: a topic, a list of topics, or an expression; the same as calling `subscribe`. */
  readonly topics?: string | readonly string[] | RegExp | undefined
}

/** What a producer takes, beside serializers and hooks. */
export interface ProducerSettingsGiven extends Given<typeof producerOptions> {}

/** Reading options, complete. */
export interface ResolvedFetchOptions extends Resolved<typeof fetchOptions> {}

/** The options of an instance, complete. */
export interface ResolvedKafkaOptions
  extends Omit<Resolved<typeof connectionOptions>, 'brokers'>,
    ResolvedFetchOptions {
  readonly brokers: readonly Address[]
}

/** The options of one iteration, complete. */
export interface ResolvedIterateOptions
  extends ResolvedFetchOptions,
    Resolved<typeof iterateOptions>,
    Resolved<typeof callOptions>,
    Resolved<typeof readerOptions> {}

/** The options of one consumer, complete. */
export interface ResolvedConsumerOptions
  extends ResolvedFetchOptions,
    Resolved<typeof groupOptions>,
    Resolved<typeof readerOptions> {}

/** The options of one producer, complete. */
export interface ResolvedProducerOptions extends Resolved<typeof producerOptions> {}

/** The options of one run, complete. */
export interface ResolvedRunOptions extends Resolved<typeof runOptions>, Resolved<typeof callOptions> {}

const TAKES = {
  kafka: ['kafka', 'fetch'],
  fetch: ['fetch'],
  iterate: ['fetch', 'iterate', 'call', 'reader'],
  consumer: ['fetch', 'group', 'reader'],
  run: ['run', 'call'],
  producer: ['producer'],
} as const satisfies Record<string, readonly OptionScope[]>

type Target = keyof typeof TAKES

/**
 * Checks what was given, fills in what was not (from `base`, the profile, the defaults) and freezes the result. Throws
 * `InvalidOption` for an unknown name (with the name that was probably meant), a wrong type or a value out of range.
 */
export function resolveOptions(target: 'kafka', given: KafkaOptions): ResolvedKafkaOptions
export function resolveOptions(target: 'fetch', given: FetchOptions, base?: ResolvedFetchOptions): ResolvedFetchOptions
export function resolveOptions(
  target: 'iterate',
  given: IterateOptions,
  base?: ResolvedFetchOptions,
): ResolvedIterateOptions
export function resolveOptions(
  target: 'consumer',
  given: ConsumerOptions,
  base?: ResolvedFetchOptions,
): ResolvedConsumerOptions
export function resolveOptions(target: 'run', given: object, base?: object): ResolvedRunOptions
export function resolveOptions(target: 'producer', given: object, base?: object): ResolvedProducerOptions
export function resolveOptions(target: Target, given: object, base?: object): object {
  const resolved = resolve(target, given, base)
  if (target === 'kafka' && resolved['brokers'] === undefined) {
    const how = "new Kafka({ brokers: ['host:9092'] }), or MILLRACE_BROKERS with Kafka.fromEnv()"
    throw new InvalidOption('MISSING_OPTION', `brokers is missing: say where to start, as in ${how}.`)
  }
  return resolved
}

/** One line of `millrace doctor`: a value as it may be shown, and where it came from. */
export interface OptionExplanation {
  readonly name: string
  readonly value: unknown
  readonly source: string
}

/**
 * Every option of an instance with its value, secrets redacted, and its source, and those that were set for what it
 * makes. Needs no brokers.
 */
export function explainOptions(given: KafkaOptions): OptionExplanation[] {
  const resolved = resolve('kafka', given, undefined)
  return [resolved, textsOf(resolved)].flatMap((options) => {
    const sources = sourcesOf(options)
    return Object.entries(options).map(([name, value]) => ({
      name,
      value: shown(name, value),
      source: sourceWords(sources[name] ?? { kind: 'default' }),
    }))
  })
}

/** Throws when an option asks for something that this version accepts but cannot do yet; call it before connecting. */
export function refuseWhatIsNotThereYet(options: ResolvedKafkaOptions): void {
  const asked = [options.tls !== false && 'tls', options.sasl !== undefined && 'sasl'].filter((name) => name !== false)
  if (asked.length === 0) return
  const message = `${asked.join(' and ')}: encryption and authentication are not there yet; use a plaintext listener.`
  throw new InvalidOption('NOT_THERE_YET', message)
}

function resolve(target: Target, given: object, base: object | undefined): Readonly<Record<string, unknown>> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new InvalidOption('INVALID_OPTION', `Options must be an object, not ${inspect(given, { depth: 0 })}.`)
  }
  const layer = argumentLayer(given)
  for (const name of Object.keys(layer.values)) refuseMisplaced(target, name, layer.sources[name]!)
  const values: Record<string, unknown> = {}
  const sources: Record<string, OptionSource> = {}
  const texts = target === 'kafka' ? textsIn(layer) : textsOf(base ?? {})
  const below = [base ?? {}, texts] as Record<string, unknown>[]
  const profile = profileOf(layer.values['profile'], layer.sources['profile'])
  for (const option of optionTable.values()) {
    const { name } = option
    if (!isTakenBy(target, option)) continue
    const inherited = below.find((options) => name in options)
    if (name in layer.values) {
      sources[name] = layer.sources[name]!
      values[name] = checkOption(label(name, sources[name]), option, layer.values[name])
    } else if (inherited !== undefined) {
      sources[name] = sourcesOf(inherited)[name] ?? { kind: 'default' }
      values[name] = inherited[name]
    } else {
      const preset = name in profile.values
      sources[name] = preset ? { kind: 'profile', at: profile.name } : { kind: 'default' }
      values[name] = preset ? profile.values[name] : option.default
    }
  }
  settle(values, sources)
  rememberSources(values, sources)
  rememberTexts(values, texts)
  return Object.freeze(values)
}

/** What stands in text for consumers, producers and runs: checked at once, and a default of all that are made. */
function textsIn({ values, sources }: OptionLayer): object {
  const others = Object.keys(values).map((name) => optionTable.get(name)!)
  const checked = others
    .filter((option) => !isTakenBy('kafka', option))
    .map((option) => [option.name, checkOption(label(option.name, sources[option.name]!), option, values[option.name])])
  const texts = Object.fromEntries(checked)
  rememberSources(texts, sources)
  return Object.freeze(texts)
}

/** Set outside of code, where nobody can say for which consumer or producer: for all of them. */
function isText(source: OptionSource): boolean {
  return source.at !== undefined
}

function profileOf(given: unknown, source: OptionSource | undefined) {
  if (given === undefined) return { name: undefined, values: {} as Readonly<Record<string, number>> }
  const option = optionTable.get('profile')!
  const name = checkOption(label('profile', source!), option, given) as keyof typeof profiles
  return { name, values: profiles[name] as Readonly<Record<string, number>> }
}

/** `fetchMaxBytes`, or `fetchMaxBytes (environment (X))` when it was not set in code. */
function label(name: string, source: OptionSource): string {
  return source.kind === 'argument' && source.at === undefined ? name : `${name}, from ${sourceWords(source)},`
}

function refuseMisplaced(target: Target, name: string, source: OptionSource): void {
  const option = optionTable.get(name)
  const where = source.at === undefined ? '' : ` (${sourceWords(source)})`
  if (option === undefined) {
    const meant = suggestOption(name, (one) => isTakenBy(target, one))
    const hint = meant === undefined ? 'docs/options.md lists all of them.' : `Did you mean ${meant}?`
    throw new InvalidOption('UNKNOWN_OPTION', `Unknown option '${name}'${where}. ${hint}`)
  }
  if (isTakenBy(target, option) || (target === 'kafka' && isText(source))) return
  throw new InvalidOption('INVALID_OPTION', `${name}${where} does not belong here; set it ${placeOf(option)}.`)
}

function isTakenBy(target: Target, { scope }: Option): boolean {
  return (TAKES[target] as readonly OptionScope[]).includes(scope)
}

function placeOf({ name, scope }: Option): string {
  if (scope === 'iterate') return `per iteration: kafka.iterate(topics, { ${name} })`
  if (scope === 'group') return `per consumer: kafka.consumer({ ${name} })`
  if (scope === 'producer') return `per producer: kafka.producer({ ${name} })`
  if (scope === 'run') return `per run: consumer.run({ ${name} })`
  if (scope === 'reader') return `per iteration or consumer: kafka.consumer({ ${name} })`
  return scope === 'call' ? `per call: { ${name} }` : `once: new Kafka({ ${name} })`
}

/** Pairs of which the first may not exceed the second. */
const ORDERED = [
  ['fetchMinBytes', 'fetchMaxBytes'],
  ['reconnectBackoffMs', 'reconnectBackoffMaxMs'],
  ['retryBackoffMs', 'retryBackoffMaxMs'],
  ['heartbeatIntervalMs', 'sessionTimeoutMs'],
] as const

/** A response carries its records and a little more: the frame cap stays this far above `fetchMaxBytes`. */
const FRAME_MARGIN_BYTES = 1_048_576
const FRAME_BYTES_MAX = 0x7fffffff

/** What holds between options. A default gives way to what was set; two settings that contradict are an error. */
function settle(values: Record<string, unknown>, sources: Record<string, OptionSource>): void {
  const isSet = (name: string) => sources[name]!.kind !== 'default' && sources[name]!.kind !== 'profile'
  for (const [low, high] of ORDERED) {
    if (!(low in values && high in values) || Number(values[low]) <= Number(values[high])) continue
    if (isSet(low) && isSet(high)) {
      const message = `${low} (${values[low]}) must not be more than ${high} (${values[high]}).`
      throw new InvalidOption('INVALID_OPTION', message)
    }
    if (isSet(low)) values[high] = values[low]
    else values[low] = values[high]
  }
  if ('enableIdempotence' in values) settleIdempotence(values, isSet)
  if (!('maxResponseBytes' in values)) return
  const wanted = Math.min(Number(values['fetchMaxBytes']) + FRAME_MARGIN_BYTES, FRAME_BYTES_MAX)
  if (Number(values['maxResponseBytes']) >= wanted) return
  if (isSet('maxResponseBytes')) {
    const cap = `maxResponseBytes (${values['maxResponseBytes']})`
    throw new InvalidOption('INVALID_OPTION', `${cap} must be at least fetchMaxBytes + 1 MiB (${wanted}).`)
  }
  values['maxResponseBytes'] = wanted
}

/** Idempotence needs acks from all, at most 5 requests under way, and retries; else it gives way, unless asked for. */
function settleIdempotence(values: Record<string, unknown>, isSet: (name: string) => boolean): void {
  const { acks, maxInFlight, retries, transactionalId } = values
  const against = [
    acks !== 'all' && acks !== -1 && `acks: ${acks}`,
    Number(maxInFlight) > 5 && `maxInFlight: ${maxInFlight}`,
    retries === 0 && 'retries: 0',
  ].filter((name) => name !== false)
  const wanted = isSet('enableIdempotence') && values['enableIdempotence'] === true
  if (against.length > 0 && (wanted || transactionalId !== undefined)) {
    const who = transactionalId === undefined ? 'enableIdempotence' : 'transactionalId'
    throw new InvalidOption('INVALID_OPTION', `${who} does not go with ${against.join(', ')}.`)
  }
  if (against.length > 0) values['enableIdempotence'] = false
  if (transactionalId !== undefined && values['enableIdempotence'] === false) {
    throw new InvalidOption('INVALID_OPTION', 'transactionalId does not go with enableIdempotence: false.')
  }
}

function shown(name: string, value: unknown): unknown {
  if (name === 'brokers' && value !== undefined) return (value as readonly Address[]).map(formatAddress)
  if (typeof value === 'function') return '[function]'
  // The logger and the deserializers are objects of the user's: their insides say nothing here.
  if (name === 'logger' || name === 'topics') return value === undefined ? undefined : '[object]'
  return value
}
