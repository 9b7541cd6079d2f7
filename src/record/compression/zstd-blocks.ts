// Walks zstd frames and blocks (RFC 8878) without decompressing: where each frame ends and how much it may hold.
// [pure: any thread]

import { Fault } from '../faults.ts'

const MAGIC = 0xfd2fb528
const SKIPPABLE_MAGIC = 0x184d2a50 // to …5f
/** No block holds more, whatever the window. */
const BLOCK_BYTES_MAX = 128 * 1024
/** What libzstd accepts unasked (windowLog 27), and what level 22 writes. */
const WINDOW_BYTES_MAX = 2 ** 27

/** One frame as the walk found it. Reused between calls: read it before the next one. */
export interface ZstdFrame {
  /** One past its last byte. */
  end: number
  skippable: boolean
  /** What it decompresses to: as announced, else what its blocks hold at most. */
  sizeMax: number
  /** What its blocks hold at most: a decoder without a limit may write as much before it notices a lie. */
  blocksMax: number
}

const frame: ZstdFrame = { end: 0, skippable: false, sizeMax: 0, blocksMax: 0 }

/** The frame walked last. */
export function zstdFrame(): ZstdFrame {
  return frame
}

/** Walks the frame at `start`; returns 0 or a fault, and leaves what it found in `zstdFrame()`. */
export function walkZstdFrame(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 8) return Fault.BAD_ZSTD
  const magic = readLittle(bytes, start, 4)
  frame.skippable = (magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC
  if (frame.skippable) {
    frame.sizeMax = 0
    frame.blocksMax = 0
    frame.end = start + 8 + readLittle(bytes, start + 4, 4)
    return frame.end > end ? Fault.BAD_ZSTD : Fault.NONE
  }
  return magic === MAGIC ? walkHeader(bytes, start + 4, end) : Fault.BAD_ZSTD
}

function walkHeader(bytes: Uint8Array, start: number, end: number): number {
  const descriptor = bytes[start]!
  if (descriptor & 0x08) return Fault.BAD_ZSTD // reserved
  const singleSegment = (descriptor & 0x20) !== 0
  const sizeBytes = [singleSegment ? 1 : 0, 2, 4, 8][descriptor >>> 6]!
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!
  const dictionaryAt = start + (singleSegment ? 1 : 2)
  const sizeAt = dictionaryAt + dictionaryBytes
  const blocksAt = sizeAt + sizeBytes
  if (blocksAt > end) return Fault.BAD_ZSTD
  if (readLittle(bytes, dictionaryAt, dictionaryBytes) !== 0) return Fault.DICTIONARY
  const announced = sizeBytes === 0 ? -1 : readLittle(bytes, sizeAt, sizeBytes) + (sizeBytes === 2 ? 256 : 0)
  const window = singleSegment ? announced : windowBytes(bytes[start + 1]!)
  if (!singleSegment && window > WINDOW_BYTES_MAX) return Fault.ZSTD_WINDOW
  return walkBlocks(bytes, blocksAt, end, Math.min(window, BLOCK_BYTES_MAX), announced, (descriptor & 0x04) !== 0)
}

function walkBlocks(
  bytes: Uint8Array,
  from: number,
  end: number,
  blockMax: number,
  announced: number,
  hasChecksum: boolean,
): number {
  let at = from
  let total = 0
  for (let last = false; !last; ) {
    if (at + 3 > end) return Fault.BAD_ZSTD
    const header = readLittle(bytes, at, 3)
    const type = (header >>> 1) & 3
    const size = header >>> 3
    if (type === 3 || size > blockMax) return Fault.BAD_ZSTD
    last = (header & 1) !== 0
    total += type === 2 ? blockMax : size
    at += 3 + (type === 1 ? 1 : size)
  }
  frame.end = at + (hasChecksum ? 4 : 0)
  frame.blocksMax = total
  frame.sizeMax = announced < 0 ? total : announced
  return frame.end > end || frame.sizeMax > total ? Fault.BAD_ZSTD : Fault.NONE
}

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >>> 3))
  return base + (base / 8) * (descriptor & 7)
}

function readLittle(bytes: Uint8Array, at: number, count: number): number {
  let value = 0
  for (let index = count - 1; index >= 0; index--) value = value * 256 + bytes[at + index]!
  return value
}
