// TLS and SASL out of text: the names that Java and librdkafka give them, made into `tls` and `sasl`. [main thread]
import { readFileSync } from 'node:fs'
import { InvalidOption } from '../base/errors.ts'
import { parseJaas } from './jaas.ts'
import type { SaslOptions, TlsOptions } from './security.ts'

/** The names understood here; each value is text. */
const NAMES = [
  'security.protocol',
  'sasl.mechanism',
  'sasl.mechanisms',
  'sasl.username',
  'sasl.password',
  'sasl.jaas.config',
  'ssl.ca.location',
  'ssl.ca.pem',
  'ssl.certificate.location',
  'ssl.certificate.pem',
  'ssl.key.location',
  'ssl.key.pem',
  'ssl.key.password',
  'ssl.truststore.location',
  'ssl.truststore.type',
  'ssl.truststore.certificates',
  'ssl.keystore.location',
  'ssl.keystore.type',
  'ssl.keystore.password',
  'ssl.keystore.key',
  'ssl.keystore.certificate.chain',
  'ssl.endpoint.identification.algorithm',
  'enable.ssl.certificate.verification',
] as const

type SecurityName = (typeof NAMES)[number]

/** Texts by name. */
export type SecurityTexts = Partial<Record<SecurityName, string>>

const known = new Map<string, SecurityName>()
for (const name of NAMES) {
  known.set(name, name)
  known.set(name.replaceAll('.', '_').toUpperCase(), name)
  known.set(
    name.replace(/\.([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    name,
  )
}

/** The security setting that is meant by Java's or librdkafka's name, or by its upper-case or camelCase form. */
export function findSecurityName(spelling: string): SecurityName | undefined {
  return known.get(spelling)
}

/** Makes `tls` and `sasl` of the texts; what they do not mention stays undefined. */
export function securityOptions(texts: SecurityTexts): { tls?: boolean | TlsOptions; sasl?: SaslOptions } {
  const protocol = texts['security.protocol']?.trim().toUpperCase()
  if (protocol !== undefined && !['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL'].includes(protocol)) {
    refuse(`security.protocol must be PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL, not '${protocol}'`)
  }
  const details = tlsDetails(texts)
  const hasDetails = Object.keys(details).length > 0
  const encrypted = protocol?.endsWith('SSL') ?? hasDetails
  // A file may carry credentials that its protocol does not use: Java ignores them too.
  const authenticated = protocol === undefined || protocol.startsWith('SASL')
  const sasl = authenticated ? saslOf(texts) : undefined
  if (protocol?.startsWith('SASL') && sasl === undefined) refuse(`security.protocol ${protocol} needs sasl.jaas.config`)
  return {
    ...(encrypted ? { tls: hasDetails ? details : true } : protocol === undefined ? {} : { tls: false }),
    ...(sasl === undefined ? {} : { sasl }),
  }
}

function saslOf(texts: SecurityTexts): SaslOptions | undefined {
  const jaas = texts['sasl.jaas.config'] === undefined ? undefined : parseJaas(texts['sasl.jaas.config'])
  const username = texts['sasl.username'] ?? jaas?.options['username']
  const password = texts['sasl.password'] ?? jaas?.options['password']
  const mechanism = (texts['sasl.mechanism'] ?? texts['sasl.mechanisms'])?.trim()
  if (mechanism === undefined && username === undefined && jaas === undefined) return undefined
  if (jaas?.module === 'ScramLoginModule' && !/^SCRAM/i.test(mechanism ?? '')) {
    refuse('sasl.mechanism must be SCRAM-SHA-256 or SCRAM-SHA-512 with a ScramLoginModule')
  }
  const fallback = jaas === undefined || jaas.module === 'PlainLoginModule' ? 'PLAIN' : undefined
  const name = mechanism ?? fallback ?? refuse(`sasl.mechanism is missing beside a ${jaas?.module}`)
  // `acceptSasl` checks mechanism and completeness: once, wherever the values came from.
  return { mechanism: name as SaslOptions['mechanism'], username, password }
}

function tlsDetails(texts: SecurityTexts): TlsOptions {
  refuseStores(texts)
  const truststore = texts['ssl.truststore.location']
  const keystore = texts['ssl.keystore.location']
  const pkcs12 = keystore !== undefined && texts['ssl.keystore.type']?.toUpperCase() === 'PKCS12'
  const details: Record<string, unknown> = {
    ca:
      texts['ssl.ca.pem'] ??
      texts['ssl.truststore.certificates'] ??
      contents('ssl.ca.location', texts['ssl.ca.location']) ??
      contents('ssl.truststore.location', truststore),
    cert:
      texts['ssl.certificate.pem'] ??
      texts['ssl.keystore.certificate.chain'] ??
      contents('ssl.certificate.location', texts['ssl.certificate.location']) ??
      (pkcs12 ? undefined : contents('ssl.keystore.location', keystore)),
    key:
      texts['ssl.key.pem'] ??
      texts['ssl.keystore.key'] ??
      contents('ssl.key.location', texts['ssl.key.location']) ??
      (pkcs12 ? undefined : contents('ssl.keystore.location', keystore)),
    pfx: pkcs12 ? contents('ssl.keystore.location', keystore) : undefined,
    passphrase: texts['ssl.key.password'] ?? (pkcs12 ? texts['ssl.keystore.password'] : undefined),
    // An empty algorithm is Java's way to say: do not compare the host name.
    checkServerIdentity: texts['ssl.endpoint.identification.algorithm']?.trim() === '' ? () => undefined : undefined,
    rejectUnauthorized: texts['enable.ssl.certificate.verification']?.trim() === 'false' ? false : undefined,
  }
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined))
}

/** Java's own store formats cannot be read here; saying so beats a TLS error later. */
function refuseStores(texts: SecurityTexts): void {
  for (const store of ['ssl.truststore', 'ssl.keystore'] as const) {
    if (texts[`${store}.location`] === undefined) continue
    const type = (texts[`${store}.type`] ?? 'JKS').trim().toUpperCase()
    if (type === 'PEM' || (type === 'PKCS12' && store === 'ssl.keystore')) continue
    const how = 'convert it to PEM (keytool -exportcert -rfc, openssl pkcs12) and set'
    refuse(`${store}.location is a ${type} file, which only Java reads; ${how} ${store}.type=PEM`)
  }
}

function contents(name: string, path: string | undefined): Buffer | undefined {
  if (path === undefined) return undefined
  try {
    return readFileSync(path.trim())
  } catch (cause) {
    throw new InvalidOption('INVALID_OPTION', `${name}: ${(cause as Error).message}.`, { cause })
  }
}

function refuse(problem: string): never {
  throw new InvalidOption('INVALID_OPTION', `${problem}.`)
}
