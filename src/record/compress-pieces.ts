// Compresses the records of a batch that lies in pieces of a shared memory, in place. [pure: any thread]
import { assert } from '../base/assert.ts'
import { BATCH_HEADER_BYTES } from './batch.ts'
import { kernelChoice } from './best-kernel.ts'
import { codecNames } from './compression/codec.ts'
import { compress } from './compression/registry.ts'
import { loadNative, type NativeAddon } from './native-addon.ts'

/** A level that nobody chose, for the native kernel. */
const NO_LEVEL = -0x8000_0000

/** Where a piece of a batch lies. */
export interface Piece {
  start: number
  sizeBytes: number
}

/**
 * Compresses what follows the batch's header, which the first piece begins with, and writes the result over it.
 * Returns what is used of the pieces now, header included; 0, and nothing is changed, when it would not be smaller. A
 * promise only for zstd where Node.js has none of its own.
 */
export function compressPieces(
  memory: Uint8Array,
  pieces: readonly Piece[],
  codec: number,
  level: number | undefined,
  native: NativeAddon | undefined = chosenNative(),
): number | Promise<number> {
  if (native !== undefined) return compressNatively(native, memory, pieces, codec, level)
  const records = gather(memory, pieces)
  const compressed = compress(codecNames[codec]!, records, level)
  if (compressed instanceof Uint8Array) return scatter(compressed, memory, pieces, records.length)
  return compressed.then((bytes) => scatter(bytes, memory, pieces, records.length))
}

let chosen: { native: NativeAddon | undefined } | undefined

/** The one that decodes on this thread, where that is the native one. */
function chosenNative(): NativeAddon | undefined {
  chosen ??= { native: kernelChoice().name === 'native' ? loadNative().addon : undefined }
  return chosen.native
}

function compressNatively(
  native: NativeAddon,
  memory: Uint8Array,
  pieces: readonly Piece[],
  codec: number,
  level = NO_LEVEL,
): number {
  const words = Int32Array.from(pieces.flatMap(({ start, sizeBytes }) => [start, sizeBytes]))
  const sizeBytes = native.compress(memory, words, pieces.length, codec, level)
  assert(sizeBytes >= 0, 'the native kernel compresses what lies in the memory of a producer')
  return sizeBytes
}

/** On the heap: what compresses for JavaScript does not take shared memory. */
function gather(memory: Uint8Array, pieces: readonly Piece[]): Uint8Array {
  const sizeBytes = pieces.reduce((sum, piece) => sum + piece.sizeBytes, 0) - BATCH_HEADER_BYTES
  const records = Buffer.allocUnsafe(sizeBytes)
  let at = -BATCH_HEADER_BYTES
  for (const { start, sizeBytes: pieceBytes } of pieces) {
    const skipped = Math.max(0, -at)
    records.set(memory.subarray(start + skipped, start + pieceBytes), at + skipped)
    at += pieceBytes
  }
  return records
}

function scatter(bytes: Uint8Array, memory: Uint8Array, pieces: readonly Piece[], plainBytes: number): number {
  if (bytes.length >= plainBytes) return 0
  let at = -BATCH_HEADER_BYTES
  for (const { start, sizeBytes } of pieces) {
    if (at >= bytes.length) break
    const skipped = Math.max(0, -at)
    memory.set(bytes.subarray(at + skipped, at + sizeBytes), start + skipped)
    at += sizeBytes
  }
  return bytes.length + BATCH_HEADER_BYTES
}
