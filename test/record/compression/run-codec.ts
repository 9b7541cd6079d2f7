// Runs one codec over bytes as a kernel does. [test processes]

import type { Codec } from '../../../src/record/compression/codec.ts'
import { faultName } from '../../../src/record/faults.ts'

/** What measuring and decompressing gave: a fault's name, or the bytes and the bound. */
export interface CodecRun {
  fault?: string
  bound: number
  plain?: Buffer
}

/** Measures `bytes` with the limit, then decompresses into exactly the bound that was measured. */
export async function runCodec(codec: Codec, bytes: Uint8Array, limitBytes = 1 << 20): Promise<CodecRun> {
  const raw = new Uint8Array(new SharedArrayBuffer(bytes.length + 8))
  raw.set(bytes, 4)
  const bound = codec.measure(raw, 4, 4 + bytes.length, limitBytes)
  if (bound < 0) return { fault: faultName(-bound), bound }
  if (bound > limitBytes) throw new Error(`measured ${bound} above the limit of ${limitBytes}`)
  const out = new Uint8Array(new SharedArrayBuffer(bound + 16)).fill(0x5a)
  const written = await codec.decompress(raw, 4, 4 + bytes.length, out, 8, bound)
  if (!out.subarray(0, 8).every(isGuard) || !out.subarray(8 + bound).every(isGuard))
    throw new Error('wrote out of bounds')
  if (written < 0) return { fault: faultName(-written), bound }
  if (written > bound) throw new Error(`wrote ${written} of ${bound}`)
  return { bound, plain: Buffer.from(out.slice(8, 8 + written)) }
}

function isGuard(byte: number): boolean {
  return byte === 0x5a
}
