// The addresses to start from: `host:port` lists in every spelling that people bring along. [main thread]
import { InvalidOption } from '../base/errors.ts'
import type { Address } from '../base/transport.ts'

const DEFAULT_PORT = 9092

/** Reads `'a:9092,[::1]:9093'` or a list of such; a missing port is 9092. `InvalidOption` names a bad entry. */
export function parseBrokers(given: string | readonly string[]): readonly Address[] {
  const entries = (typeof given === 'string' ? [given] : given).flatMap((entry) => String(entry).split(','))
  const addresses = entries.map((entry) => entry.trim()).filter((entry) => entry !== '')
  return Object.freeze(addresses.map((entry) => Object.freeze(parseAddress(entry))))
}

function parseAddress(entry: string): Address {
  // librdkafka accepts a protocol in front; the plain one changes nothing, any other one would be silently lost.
  const bare = entry.replace(/^plaintext:\/\//i, '')
  const scheme = /^([a-z_]+):\/\//i.exec(bare)
  if (scheme !== null) {
    const instead = /ssl|kafkas/i.test(scheme[1]!) ? "set tls: true and give 'host:port'" : "give 'host:port'"
    throw new InvalidOption('INVALID_OPTION', `brokers: '${withoutUser(entry)}' is not an address; ${instead}.`)
  }
  const match = /^(?:\[([0-9a-f:.%\w]+)\]|([^:[\]/@\s?]+))(?::(\d{1,5}))?$/i.exec(bare)
  const port = Number(match?.[3] ?? DEFAULT_PORT)
  if (match === null || port < 1 || port > 65535) {
    const hint = /^[0-9a-f:]+$/i.test(bare) && bare.split(':').length > 2 ? ' An IPv6 address needs brackets.' : ''
    throw new InvalidOption(
      'INVALID_OPTION',
      `brokers: '${withoutUser(entry)}' is not 'host:port' with a port from 1 to 65535.${hint}`,
    )
  }
  return { host: match[1] ?? match[2]!, port }
}

/** What stands before an @ may be a password. */
const withoutUser = (entry: string) => (entry.includes('@') ? `…@${entry.split('@').at(-1)}` : entry)
