// gzip (RFC 1952) by node:zlib. [pure: any thread]

import { createRequire } from 'node:module'
import { Fault } from '../faults.ts'
import { type Codec, lazily } from './codec.ts'

const MEMBER_START = Uint8Array.of(0x1f, 0x8b, 0x08)
/** Header (10), the shortest deflate stream (2), CRC and size (8). */
const MEMBER_BYTES_MIN = 20
/** Deflate's best: 258 bytes from two bits, rounded up. */
const RATIO_MAX = 1032
/** The three upper bits of the flags byte are reserved and zero. */
const RESERVED_FLAGS = 0xe0

const zlib = lazily(() => createRequire(import.meta.url)('node:zlib') as typeof import('node:zlib'))

/** Codec 1. */
export const gzip: Codec = {
  name: 'gzip',
  measure(bytes, start, end, limitBytes) {
    if (end - start < MEMBER_BYTES_MIN || !isMember(bytes, start, end)) return -Fault.BAD_GZIP
    let bound = 0
    let members = 0
    // Each member ends with its size. What looks like the start of another member may be chance; counting its "size"
    // only raises the bound. The cap keeps a lie from reserving memory, and counts from `start`: a member split by
    // chance ends with the size of the whole.
    for (let next = start; next < end; members++) {
      next = nextMember(bytes, next, end)
      const announced = sizeBefore(bytes, next)
      const possible = (next - start) * RATIO_MAX
      if (announced > possible && members === 0 && next === end) return -Fault.BAD_GZIP
      bound += Math.min(announced, possible)
    }
    if (bound <= limitBytes) return bound
    // Only a size that stands alone is sure; with several, the truth may still be below the limit.
    return members === 1 ? -Fault.DECOMPRESSED_TOO_LARGE : limitBytes
  },
  decompress(bytes, start, end, out, outAt, capacity) {
    const library = zlib.get()
    if (!library) return -Fault.GZIP_UNAVAILABLE
    try {
      // One chunk of the size expected spares zlib its list of 16 KiB pieces; 64 is the least it takes.
      const chunkSize = Math.max(64, Math.min(capacity, sizeBefore(bytes, end)))
      const plain = library.gunzipSync(bytes.subarray(start, end), {
        maxOutputLength: Math.max(1, capacity),
        chunkSize,
      })
      if (plain.length > capacity) return -Fault.MORE_THAN_ANNOUNCED
      out.set(plain, outAt)
      return plain.length
    } catch (error) {
      const tooLarge = (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE'
      return tooLarge ? -Fault.MORE_THAN_ANNOUNCED : -Fault.BAD_GZIP
    }
  },
  compress(bytes, level) {
    const library = zlib.get()
    if (!library) throw new Error(zlib.reason())
    return library.gzipSync(bytes, level === undefined ? {} : { level })
  },
  status() {
    const available = zlib.get() !== undefined
    return { available, implementation: 'node:zlib', ...(available ? {} : { reason: zlib.reason() ?? '' }) }
  },
}

function isMember(bytes: Uint8Array, at: number, end: number): boolean {
  return (
    end - at >= MEMBER_BYTES_MIN &&
    bytes[at] === MEMBER_START[0] &&
    bytes[at + 1] === MEMBER_START[1] &&
    bytes[at + 2] === MEMBER_START[2] &&
    (bytes[at + 3]! & RESERVED_FLAGS) === 0
  )
}

/** Where the next member may start, or `end`. */
function nextMember(bytes: Uint8Array, memberStart: number, end: number): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, end)
  let at = memberStart + MEMBER_BYTES_MIN
  while ((at = buffer.indexOf(MEMBER_START, at)) >= 0) {
    if (isMember(bytes, at, end)) return at
    at++
  }
  return end
}

function sizeBefore(bytes: Uint8Array, end: number): number {
  return (bytes[end - 4]! | (bytes[end - 3]! << 8) | (bytes[end - 2]! << 16) | (bytes[end - 1]! << 24)) >>> 0
}
