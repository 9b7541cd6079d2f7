// Options out of environment variables. [main thread]
import { InvalidOption } from '../base/errors.ts'
import { argumentLayer, mergeLayers, type OptionLayer, type OptionSource } from './option-layer.ts'
import { type Assignment, textLayer } from './option-text.ts'
import type { KafkaOptions } from './options.ts'
import type { SaslOptions } from './security.ts'

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>

const PREFIX = 'MILLRACE_'
/** Ours, but no options of the client. */
const OTHERS = new Set(['MILLRACE_URL', 'MILLRACE_API_KEY', 'MILLRACE_KERNEL'])
const COMMON = ['KAFKA_BROKERS', 'KAFKA_BOOTSTRAP_SERVERS']

/**
 * What the environment says: any option as `MILLRACE_` and its name in capitals, `MILLRACE_URL`
 * (`kafka://user:password@host:port,host:port?option=value`, `kafkas://` for TLS), `MILLRACE_API_KEY` (`key:secret`),
 * and for brokers also `KAFKA_BROKERS` and `KAFKA_BOOTSTRAP_SERVERS`. An empty variable counts as not set. What is
 * `given` wins.
 */
export function fromEnvironment(env: Environment = process.env, given: KafkaOptions = {}): KafkaOptions {
  return mergeLayers(argumentLayer(given), environmentLayer(env), commonLayer(env)) as KafkaOptions
}

/** The `MILLRACE_` variables as a layer. */
export function environmentLayer(env: Environment = process.env): OptionLayer {
  const assignments: Assignment[] = []
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || OTHERS.has(name) || text === undefined || text === '') continue
    assignments.push({ name: name.slice(PREFIX.length), text, at: name })
  }
  const named = textLayer('environment', assignments)
  const key = apiKeyLayer(env['MILLRACE_API_KEY'])
  const url = urlLayer(env['MILLRACE_URL'])
  const values = mergeLayers(named, key, url)
  const sources = { ...url.sources, ...key.sources, ...named.sources }
  return { values, sources, ignored: [...named.ignored, ...url.ignored] }
}

/** Variables that many programs share: they count only when nothing else names brokers. */
export function commonLayer(env: Environment = process.env): OptionLayer {
  const name = COMMON.find((candidate) => env[candidate] !== undefined && env[candidate] !== '')
  if (name === undefined) return layer('', {})
  return layer(name, { brokers: env[name] })
}

function apiKeyLayer(text: string | undefined): OptionLayer {
  if (text === undefined || text === '') return layer('', {})
  const colon = text.indexOf(':')
  if (colon < 1 || colon === text.length - 1) {
    throw new InvalidOption('INVALID_OPTION', 'MILLRACE_API_KEY must be key:secret.')
  }
  const sasl = { mechanism: 'PLAIN', username: text.slice(0, colon), password: text.slice(colon + 1) } as const
  return layer('MILLRACE_API_KEY', { tls: true, sasl })
}

/** `kafka://user:password@host:port,host:port?option=value`: not a URL that `URL` could read, for it has many hosts. */
function urlLayer(text: string | undefined): OptionLayer {
  if (text === undefined || text === '') return layer('', {})
  const match = /^(kafkas?):\/\/(?:([^/?]*)@)?([^/?@]+)\/?(?:\?(.*))?$/i.exec(text.trim())
  if (match === null) {
    const form = 'kafka://user:password@host:port,host:port?option=value, or kafkas:// for TLS'
    throw new InvalidOption('INVALID_OPTION', `MILLRACE_URL must be ${form}.`)
  }
  const assignments = [...new URLSearchParams(match[4] ?? '')].map(([name, value]) => {
    return { name, text: value, at: `MILLRACE_URL ?${name}` }
  })
  const mechanism = assignments.find(({ name }) => /^sasl\.?mechanism$/i.test(name))
  const queried = textLayer(
    'environment',
    assignments.filter((assignment) => assignment !== mechanism),
    true,
  )
  const own: Record<string, unknown> = { brokers: match[3] }
  if (match[1]!.toLowerCase() === 'kafkas') own['tls'] = true
  if (match[2] !== undefined) own['sasl'] = credentials(match[2], mechanism?.text)
  const base = layer('MILLRACE_URL', own)
  const values = mergeLayers(queried, base)
  return { values, sources: { ...base.sources, ...queried.sources }, ignored: queried.ignored }
}

function credentials(user: string, mechanism: string | undefined): SaslOptions {
  const colon = user.indexOf(':')
  if (colon < 1) throw new InvalidOption('INVALID_OPTION', 'MILLRACE_URL: before the @ must stand user:password.')
  try {
    return {
      mechanism: (mechanism ?? 'PLAIN') as SaslOptions['mechanism'],
      username: decodeURIComponent(user.slice(0, colon)),
      password: decodeURIComponent(user.slice(colon + 1)),
    }
  } catch {
    // The reason of decodeURIComponent is left out: nothing of a password may get into a message.
    throw new InvalidOption('INVALID_OPTION', 'MILLRACE_URL: % in user or password must be written as %25.')
  }
}

function layer(at: string, values: Record<string, unknown>): OptionLayer {
  const source: OptionSource = { kind: 'environment', at }
  return { values, sources: Object.fromEntries(Object.keys(values).map((name) => [name, source])), ignored: [] }
}
