// How the engine is set up, whichever way its roles run. [main thread]
import type { ResolvedKafkaOptions } from '../client/options.ts'
import { type IoOptions, ioDefaults } from '../io/io-options.ts'

/** The part of the options that the wiring and the roles need: plain data, as it crosses threads. */
export interface WiringOptions {
  io: IoOptions
  bufferBytes: number
  decodeWorkers: number
  maxDecompressedBytes: number
  debug: boolean
}

/** Picks that part. */
export function wiringOptions(options: ResolvedKafkaOptions): WiringOptions {
  const { bufferBytes, decodeWorkers, maxDecompressedBytes, debug } = options
  return { io: ioOptions(options), bufferBytes, decodeWorkers, maxDecompressedBytes, debug }
}

/** The options of connections, as plain data: what else there is (a logger, deserializers) cannot cross threads. */
function ioOptions(options: ResolvedKafkaOptions): IoOptions {
  const given: { readonly [name: string]: unknown } = { ...options }
  const chosen = Object.keys(ioDefaults).filter((name) => given[name] !== undefined)
  const plain = Object.fromEntries(chosen.map((name) => [name, given[name]]))
  return { ...ioDefaults, ...plain, brokers: options.brokers.map(({ host, port }) => ({ host, port })) }
}
