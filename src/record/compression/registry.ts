// The codecs by id. [pure: any thread]

import { CodecUnavailable } from '../../base/errors.ts'
import { type Codec, type CodecName, type CodecStatus, codecNames } from './codec.ts'
import { gzip } from './gzip.ts'
import { lz4 } from './lz4.ts'
import { snappy } from './snappy.ts'
import { zstd } from './zstd.ts'

/** Indexed by the codec id of a batch header; `undefined` at 0 (none) and past the end. */
export const codecs: readonly (Codec | undefined)[] = [undefined, gzip, snappy, lz4, zstd]

/** The id of a codec in a batch header. */
export function codecId(name: CodecName): number {
  return codecNames.indexOf(name)
}

/** Compresses with the codec of that name; throws CodecUnavailable when its package does not load. */
export function compress(name: CodecName, bytes: Uint8Array, level?: number): Uint8Array | Promise<Uint8Array> {
  const codec = codecs[codecId(name)]
  if (!codec) return bytes
  const { available, implementation, reason } = codec.status()
  if (available) return codec.compress(bytes, level)
  const missing = `${implementation}, which does not load here (${reason ?? 'no reason given'})`
  const text = `Compressing with ${name} needs ${missing}.`
  throw new CodecUnavailable('CODEC_UNAVAILABLE', `${text} Choose another codec, or see \`millrace doctor\`.`)
}

/** What serves each codec on this machine, for `doctor`. */
export function codecStatus(): Record<Exclude<CodecName, 'none'>, CodecStatus> {
  return { gzip: gzip.status(), snappy: snappy.status(), lz4: lz4.status(), zstd: zstd.status() }
}
