// Walks lz4 frames and blocks without decompressing: where each frame ends and how much it holds. [pure: any thread]
//
// Frame: magic int32 · FLG · BD · [content size int64] · [dictionary id int32] · header checksum · blocks · end mark
// · [content checksum int32]. Block: size int32 (upper bit: stored as is) · bytes · [block checksum int32]. All
// little-endian.

import { Fault } from '../faults.ts'

const MAGIC = 0x184d2204
const SKIPPABLE_MAGIC = 0x184d2a50 // to …5f

/**
 * A last block of 64 KiB at most is counted only when it is this small: to count a larger one takes a third of the time
 * of decoding it, and gains 56 KiB at most.
 */
const COUNTED_BYTES_MAX = 8192

/** One frame as the walk found it. Reused between calls: read it before the next one. */
export interface Lz4Frame {
  /** Where its first byte lies. */
  start: number
  /** One past its last byte. */
  end: number
  skippable: boolean
  /** What it decompresses to, at most. */
  sizeMax: number
}

const frame: Lz4Frame = { start: 0, end: 0, skippable: false, sizeMax: 0 }

/** Walks the frame at `start`; returns 0 or a fault, and leaves what it found in `lz4Frame()`. */
export function walkLz4Frame(bytes: Uint8Array, start: number, end: number): number {
  if (end - start < 8) return Fault.BAD_LZ4
  const magic = readUint32(bytes, start)
  frame.start = start
  frame.skippable = (magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC
  if (frame.skippable) {
    frame.sizeMax = 0
    frame.end = start + 8 + readUint32(bytes, start + 4)
    return frame.end > end ? Fault.BAD_LZ4 : Fault.NONE
  }
  return magic === MAGIC ? walkBlocks(bytes, start, end) : Fault.BAD_LZ4
}

/** The frame walked last. */
export function lz4Frame(): Lz4Frame {
  return frame
}

function walkBlocks(bytes: Uint8Array, start: number, end: number): number {
  const flags = bytes[start + 4]!
  const sizeCode = (bytes[start + 5]! >>> 4) & 7
  // Version 01; the reserved bits and the sizes 0 to 3 do not exist.
  if (flags >>> 6 !== 1 || flags & 0x02 || bytes[start + 5]! & 0x8f || sizeCode < 4) return Fault.BAD_LZ4
  if (flags & 0x01) return Fault.DICTIONARY
  const hasContentSize = (flags & 0x08) !== 0
  const checksumBytes = flags & 0x10 ? 4 : 0
  const blockMax = 1 << (8 + 2 * sizeCode)
  let at = start + (hasContentSize ? 15 : 7)
  let total = 0
  for (;;) {
    if (at + 4 > end) return Fault.BAD_LZ4
    const word = readUint32(bytes, at)
    at += 4
    if (word === 0) break
    const size = word & 0x7fffffff
    const next = at + size + checksumBytes
    // An empty block would end the frame for lz4-napi, silently; nobody writes one.
    if (next > end || size > blockMax || size < (word >>> 31 ? 1 : 2)) return Fault.BAD_LZ4
    // Blocks of 64 KiB in the middle are full, or nearly; a small last one, larger ones, and those under an announced
    // size are counted.
    const exact = blockMax > 0x10000 || hasContentSize || (size <= COUNTED_BYTES_MAX && isEndMark(bytes, next, end))
    const plain = word >>> 31 ? size : exact ? blockBytes(bytes, at, at + size) : Math.min(blockMax, size * 255)
    if (plain < 0 || plain > blockMax) return Fault.BAD_LZ4
    total += plain
    at = next
  }
  frame.end = at + (flags & 0x04 ? 4 : 0)
  frame.sizeMax = total
  if (frame.end > end) return Fault.BAD_LZ4
  if (hasContentSize) {
    const announced = readUint32(bytes, start + 6) + readUint32(bytes, start + 10) * 0x1_0000_0000
    if (announced !== total) return Fault.BAD_LZ4
  }
  return Fault.NONE
}

function isEndMark(bytes: Uint8Array, at: number, end: number): boolean {
  return at + 4 <= end && readUint32(bytes, at) === 0
}

/** What one compressed block holds, by its lengths alone; -1 when they pass its end. */
function blockBytes(bytes: Uint8Array, from: number, end: number): number {
  let at = from
  let total = 0
  while (at < end) {
    const token = bytes[at++]!
    let literals = token >>> 4
    if (literals === 15) {
      let more = 255
      while (more === 255 && at < end) literals += more = bytes[at++]!
    }
    at += literals
    total += literals
    if (at >= end) return at === end ? total : -1
    at += 2
    let match = token & 15
    if (match === 15) {
      let more = 255
      while (more === 255 && at < end) match += more = bytes[at++]!
    }
    total += match + 4
  }
  // A block ends with literals, never with a match.
  return -1
}

function readUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0
}
