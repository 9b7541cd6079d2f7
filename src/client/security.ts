// TLS and SASL as options: typed, checked and kept secret now; used when authentication comes. [main thread]
import type { ConnectionOptions } from 'node:tls'
import { InvalidOption } from '../base/errors.ts'
import { Secret } from './secret.ts'

/** What `tls` takes besides true: the options of `tls.connect` that say whom to trust and who we are. */
export type TlsOptions = Pick<
  ConnectionOptions,
  | 'ca'
  | 'cert'
  | 'key'
  | 'passphrase'
  | 'pfx'
  | 'servername'
  | 'rejectUnauthorized'
  | 'checkServerIdentity'
  | 'ciphers'
  | 'minVersion'
  | 'maxVersion'
>

const MECHANISMS = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER', 'GSSAPI', 'AWS_MSK_IAM'] as const

/** How a client proves who it is. */
export type SaslMechanism = (typeof MECHANISMS)[number]

/** Credentials; the mechanism's case does not matter. */
export interface SaslOptions {
  mechanism: SaslMechanism | Lowercase<SaslMechanism>
  username?: string | undefined
  /** The password, or a function that fetches it when it is needed. */
  password?: string | Secret<string> | (() => string | Promise<string>) | undefined
  /** OAUTHBEARER: gives a token when one is needed. */
  tokenProvider?: (() => string | Promise<string>) | undefined
}

/** `TlsOptions` with what is secret wrapped. */
export type ResolvedTls = Readonly<Omit<TlsOptions, 'key' | 'passphrase' | 'pfx'>> & {
  readonly key?: Secret<NonNullable<TlsOptions['key']>>
  readonly passphrase?: Secret<string>
  readonly pfx?: Secret<NonNullable<TlsOptions['pfx']>>
}

/** `SaslOptions` with the mechanism in capitals and what is secret wrapped. */
export interface ResolvedSasl {
  readonly mechanism: SaslMechanism
  readonly username?: string | undefined
  readonly password?: Secret<string> | (() => string | Promise<string>) | undefined
  readonly tokenProvider?: (() => string | Promise<string>) | undefined
}

const TLS_NAMES = new Set<string>([
  'ca',
  'cert',
  'key',
  'passphrase',
  'pfx',
  'servername',
  'rejectUnauthorized',
  'checkServerIdentity',
  'ciphers',
  'minVersion',
  'maxVersion',
])

/** Checks `tls`; false means plaintext. */
export function acceptTls(value: unknown): ResolvedTls | false | undefined {
  if (value === false) return false
  if (value === true) return Object.freeze({})
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  const wrapped: Record<string, unknown> = {}
  for (const [name, part] of Object.entries(value)) {
    if (!TLS_NAMES.has(name)) {
      throw new InvalidOption('UNKNOWN_OPTION', `Unknown option tls.${name}; known are ${[...TLS_NAMES].join(', ')}.`)
    }
    const secret = name === 'key' || name === 'passphrase' || name === 'pfx'
    wrapped[name] = secret && part !== undefined && !(part instanceof Secret) ? new Secret(part) : part
  }
  return Object.freeze(wrapped)
}

/** Checks `sasl`. */
export function acceptSasl(value: unknown): ResolvedSasl | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { mechanism, username, password, tokenProvider, ...rest } = value as Record<string, unknown>
  const unknown = Object.keys(rest)[0]
  if (unknown !== undefined) {
    const known = 'mechanism, username, password, tokenProvider'
    throw new InvalidOption('UNKNOWN_OPTION', `Unknown option sasl.${unknown}; known are ${known}.`)
  }
  const name = MECHANISMS.find((known) => known === String(mechanism).toUpperCase())
  if (name === undefined) {
    throw new InvalidOption('INVALID_OPTION', `sasl.mechanism must be one of ${MECHANISMS.join(', ')}.`)
  }
  const needsPassword = name === 'PLAIN' || name.startsWith('SCRAM')
  if (needsPassword && (typeof username !== 'string' || !isPassword(password))) {
    const wanted = 'a string as username and a string or a function as password'
    throw new InvalidOption('INVALID_OPTION', `sasl: ${name} needs ${wanted}.`)
  }
  return Object.freeze({
    mechanism: name,
    username: username as string | undefined,
    password: (typeof password === 'string' ? new Secret(password) : password) as ResolvedSasl['password'],
    tokenProvider: tokenProvider as ResolvedSasl['tokenProvider'],
  })
}

const isPassword = (value: unknown) =>
  typeof value === 'string' || typeof value === 'function' || value instanceof Secret
