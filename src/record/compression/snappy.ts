// snappy, raw and in the framing of the Java library (xerial), which Kafka's own client writes. [pure: any thread]
//
// Framed: 82 'SNAPPY' 00 · version int32 · compatible version int32 · (length int32 · raw snappy)*; all big-endian. A
// stream may be followed by another one with its own header.

import { createRequire } from 'node:module'
import { Fault } from '../faults.ts'
import { type Codec, lazily } from './codec.ts'

interface SnappyPackage {
  compressSync(input: Uint8Array): Uint8Array
  uncompressSync(input: Uint8Array): Uint8Array
}

const FRAMED = Uint8Array.of(0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00)
const FRAME_HEADER_BYTES = 16
/** The best a snappy element does is 64 bytes from three. */
const RATIO_MAX = 22

const addon = lazily(() => createRequire(import.meta.url)('snappy') as SnappyPackage)

/** Codec 2. */
export const snappy: Codec = {
  name: 'snappy',
  measure(bytes, start, end, limitBytes) {
    if (!isFramed(bytes, start, end)) return checked(announcedBytes(bytes, start, end), limitBytes)
    let total = 0
    for (let at = start; at < end; ) {
      const chunk = nextChunk(bytes, at, end)
      if (chunk < 0) return chunk
      if (chunk === end) break
      at = chunk + 4 + readInt32(bytes, chunk)
      const announced = announcedBytes(bytes, chunk + 4, at)
      if (announced < 0) return announced
      total += announced
      if (total > limitBytes) return -Fault.DECOMPRESSED_TOO_LARGE
    }
    return total
  },
  decompress(bytes, start, end, out, outAt, capacity) {
    const library = addon.get()
    if (!library) return -Fault.SNAPPY_UNAVAILABLE
    if (!isFramed(bytes, start, end)) return inflate(library, bytes, start, end, out, outAt, capacity)
    let written = 0
    for (let at = start; at < end; ) {
      const chunk = nextChunk(bytes, at, end)
      if (chunk < 0) return chunk
      if (chunk === end) break
      at = chunk + 4 + readInt32(bytes, chunk)
      const size = inflate(library, bytes, chunk + 4, at, out, outAt + written, capacity - written)
      if (size < 0) return size
      written += size
    }
    return written
  },
  compress(bytes) {
    const library = addon.get()
    if (!library) throw new Error(addon.reason())
    return library.compressSync(bytes)
  },
  status() {
    const reason = addon.get() ? undefined : addon.reason()
    return { available: reason === undefined, implementation: 'snappy', ...(reason === undefined ? {} : { reason }) }
  },
}

function checked(announced: number, limitBytes: number): number {
  return announced > limitBytes ? -Fault.DECOMPRESSED_TOO_LARGE : announced
}

/** One raw block. The addon allocates what the block announces, so that is checked before. */
function inflate(
  library: SnappyPackage,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  outAt: number,
  capacity: number,
): number {
  const announced = announcedBytes(bytes, start, end)
  if (announced < 0) return announced
  if (announced > capacity) return -Fault.MORE_THAN_ANNOUNCED
  try {
    const plain = library.uncompressSync(bytes.subarray(start, end))
    if (plain.length !== announced) return -Fault.BAD_SNAPPY
    out.set(plain, outAt)
    return announced
  } catch {
    return -Fault.BAD_SNAPPY
  }
}

/** The length that a raw block announces in its first bytes, if that many bytes can come from it. */
function announcedBytes(bytes: Uint8Array, start: number, end: number): number {
  let announced = 0
  for (let at = start, scale = 1; at < end && at < start + 5; at++, scale *= 128) {
    const byte = bytes[at]!
    announced += (byte & 0x7f) * scale
    if (byte < 0x80) return announced > (end - at) * RATIO_MAX ? -Fault.BAD_SNAPPY : announced
  }
  return -Fault.BAD_SNAPPY
}

/**
 * Where the next chunk's length lies, past any header in between; `end` when there is none, a fault when it is
 * impossible.
 */
function nextChunk(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  while (isFramed(bytes, at, end)) {
    // Version 1 is all there ever was; the Java library refuses what says that it needs less.
    if (end - at < FRAME_HEADER_BYTES || readInt32(bytes, at + 12) < 1) return -Fault.BAD_SNAPPY
    at += FRAME_HEADER_BYTES
  }
  if (at === end) return end
  if (end - at < 4) return -Fault.BAD_SNAPPY
  const length = readInt32(bytes, at)
  return length < 1 || length > end - at - 4 ? -Fault.BAD_SNAPPY : at
}

function isFramed(bytes: Uint8Array, at: number, end: number): boolean {
  if (end - at < FRAMED.length) return false
  for (let index = 0; index < FRAMED.length; index++) if (bytes[at + index] !== FRAMED[index]) return false
  return true
}

function readInt32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}
