// lz4 frames by lz4-napi, which knows no limit and stops after the first frame: both are seen to here.
// [pure: any thread]

import { createRequire } from 'node:module'
import { Fault } from '../faults.ts'
import { type Codec, lazily } from './codec.ts'
import { lz4Frame, walkLz4Frame } from './lz4-blocks.ts'

interface Lz4Package {
  compressFrameSync(input: Uint8Array): Uint8Array
  decompressFrameSync(input: Uint8Array): Uint8Array
}

const addon = lazily(() => createRequire(import.meta.url)('lz4-napi') as Lz4Package)

/** Codec 3. */
export const lz4: Codec = {
  name: 'lz4',
  measure(bytes, start, end, limitBytes) {
    let total = 0
    for (let at = start; at < end; at = lz4Frame().end) {
      const fault = walkLz4Frame(bytes, at, end)
      if (fault !== Fault.NONE) return -fault
      total += lz4Frame().sizeMax
      if (total > limitBytes) return -Fault.DECOMPRESSED_TOO_LARGE
    }
    return start === end ? -Fault.BAD_LZ4 : total
  },
  decompress(bytes, start, end, out, outAt, capacity) {
    const library = addon.get()
    if (!library) return -Fault.LZ4_UNAVAILABLE
    let written = 0
    for (let at = start; at < end; at = lz4Frame().end) {
      const fault = walkLz4Frame(bytes, at, end)
      if (fault !== Fault.NONE) return -fault
      const { skippable, sizeMax, end: frameEnd } = lz4Frame()
      if (skippable) continue
      // The addon takes no limit: it must not see a frame that may hold more.
      if (sizeMax > capacity - written) return -Fault.MORE_THAN_ANNOUNCED
      try {
        const plain = library.decompressFrameSync(bytes.subarray(at, frameEnd))
        if (plain.length > capacity - written) return -Fault.MORE_THAN_ANNOUNCED
        out.set(plain, outAt + written)
        written += plain.length
      } catch {
        return -Fault.BAD_LZ4
      }
    }
    return written
  },
  compress(bytes) {
    const library = addon.get()
    if (!library) throw new Error(addon.reason())
    return library.compressFrameSync(bytes)
  },
  status() {
    const reason = addon.get() ? undefined : addon.reason()
    return { available: reason === undefined, implementation: 'lz4-napi', ...(reason === undefined ? {} : { reason }) }
  },
}
