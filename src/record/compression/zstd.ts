// zstd by node:zlib where it has it (22.15 and later), else by @mongodb-js/zstd, which answers with a promise.
// [pure: any thread]

import { createRequire } from 'node:module'
import { Fault } from '../faults.ts'
import { type Codec, lazily } from './codec.ts'
import { walkZstdFrame, zstdFrame } from './zstd-blocks.ts'

interface ZstdSync {
  zstdCompressSync(input: Uint8Array, options?: { params?: Record<number, number> }): Uint8Array
  zstdDecompressSync(input: Uint8Array, options: { maxOutputLength: number; chunkSize: number }): Uint8Array
  constants: { ZSTD_c_compressionLevel: number }
}

interface ZstdAsync {
  compress(input: Uint8Array, level?: number): Promise<Uint8Array>
  decompress(input: Uint8Array): Promise<Uint8Array>
}

/** Frames of one batch: each costs a decoder, and a megabyte of empty ones would cost seconds. Writers make one. */
const FRAMES_MAX = 4096
/**
 * What the package without a limit may write beyond an announced size before it notices: bounded here, since it is
 * not there.
 */
const OVERSHOOT_BYTES_MAX = 64 * 1024 * 1024

const load = createRequire(import.meta.url)
const builtIn = lazily(() => {
  const zlib = load('node:zlib') as Partial<ZstdSync>
  return typeof zlib.zstdDecompressSync === 'function' ? (zlib as ZstdSync) : undefined
})
const addon = lazily(() => load('@mongodb-js/zstd') as ZstdAsync)

const measure: Codec['measure'] = (bytes, start, end, limitBytes) => {
  let total = 0
  let frames = 0
  for (let at = start; at < end; at = zstdFrame().end) {
    const fault = walkZstdFrame(bytes, at, end)
    if (fault !== Fault.NONE) return -fault
    if (++frames > FRAMES_MAX) return -Fault.BAD_ZSTD
    total += zstdFrame().sizeMax
    if (total > limitBytes) return -Fault.DECOMPRESSED_TOO_LARGE
  }
  return frames === 0 ? -Fault.BAD_ZSTD : total
}

/** Codec 4 by node:zlib: frame by frame, because it stops after the first. */
export const zstdBuiltIn: Codec = {
  name: 'zstd',
  measure,
  decompress(bytes, start, end, out, outAt, capacity) {
    const library = builtIn.get()
    if (!library) return -Fault.ZSTD_UNAVAILABLE
    let written = 0
    let frames = 0
    for (let at = start; at < end; at = zstdFrame().end) {
      const fault = walkZstdFrame(bytes, at, end)
      if (fault !== Fault.NONE) return -fault
      if (++frames > FRAMES_MAX) return -Fault.BAD_ZSTD
      const { skippable, sizeMax, end: frameEnd } = zstdFrame()
      if (skippable) continue
      const room = capacity - written
      if (sizeMax > room) return -Fault.MORE_THAN_ANNOUNCED
      try {
        const options = { maxOutputLength: Math.max(1, sizeMax), chunkSize: Math.max(64, sizeMax) }
        const plain = library.zstdDecompressSync(bytes.subarray(at, frameEnd), options)
        if (plain.length > room) return -Fault.MORE_THAN_ANNOUNCED
        out.set(plain, outAt + written)
        written += plain.length
      } catch (error) {
        const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
        return tooLarge ? -Fault.MORE_THAN_ANNOUNCED : -Fault.BAD_ZSTD
      }
    }
    return written
  },
  compress(bytes, level) {
    const library = builtIn.get()
    if (!library) throw new Error(builtIn.reason())
    const params = level === undefined ? {} : { params: { [library.constants.ZSTD_c_compressionLevel]: level } }
    return library.zstdCompressSync(bytes, params)
  },
  status() {
    return { available: builtIn.get() !== undefined, implementation: 'node:zlib' }
  },
}

/** Codec 4 by @mongodb-js/zstd: all frames at once, on a thread of libuv's pool. */
export const zstdAddon: Codec = {
  name: 'zstd',
  measure,
  decompress(bytes, start, end, out, outAt, capacity) {
    const library = addon.get()
    if (!library) return -Fault.ZSTD_UNAVAILABLE
    let sizeMax = 0
    let blocksMax = 0
    let frames = 0
    for (let at = start; at < end; at = zstdFrame().end) {
      const fault = walkZstdFrame(bytes, at, end)
      if (fault !== Fault.NONE) return -fault
      if (++frames > FRAMES_MAX) return -Fault.BAD_ZSTD
      sizeMax += zstdFrame().sizeMax
      blocksMax += zstdFrame().blocksMax
    }
    if (sizeMax > capacity || blocksMax - capacity > OVERSHOOT_BYTES_MAX) return -Fault.MORE_THAN_ANNOUNCED
    return library.decompress(bytes.subarray(start, end)).then(
      (plain) => {
        if (plain.length > capacity) return -Fault.MORE_THAN_ANNOUNCED
        out.set(plain, outAt)
        return plain.length
      },
      () => -Fault.BAD_ZSTD,
    )
  },
  compress(bytes, level) {
    const library = addon.get()
    if (!library) throw new Error(addon.reason())
    return library.compress(bytes, level)
  },
  status() {
    const reason = addon.get() ? undefined : addon.reason()
    const missing = reason === undefined ? {} : { reason }
    return { available: reason === undefined, implementation: '@mongodb-js/zstd', ...missing }
  },
}

/** Codec 4, by whichever this Node.js has. */
export const zstd: Codec = builtIn.get() === undefined ? zstdAddon : zstdBuiltIn
