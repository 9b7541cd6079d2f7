// How the engine is set up, whichever way its roles run. [main thread]
import type { IoOptions } from '../io/io-options.ts'

/** The part of the options that the wiring and the roles need: plain data, as it crosses threads. */
export interface WiringOptions {
  io: IoOptions
  bufferBytes: number
  decodeWorkers: number
  maxDecompressedBytes: number
}
