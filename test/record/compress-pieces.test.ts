// Batches compressed in place, in pieces of a shared memory: both ways, and what comes back is what went in. [test]
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { BATCH_HEADER_BYTES, writeBatchHeader } from '../../src/record/batch.ts'
import { compressPieces, type Piece } from '../../src/record/compress-pieces.ts'
import { codecNames } from '../../src/record/compression/codec.ts'
import { loadNative, type NativeAddon } from '../../src/record/native-addon.ts'
import { recordsBytesMax, writeRecords } from '../../src/record/record-writer.ts'
import { seed } from '../support/seed.ts'
import { decodeBatch } from './decode-batch.ts'

const { addon } = loadNative()
const ways: [string, NativeAddon | undefined][] = [['in TypeScript', undefined]]
if (addon !== undefined) ways.push(['by the native kernel', addon])

interface Laid {
  memory: Uint8Array
  pieces: Piece[]
  values: string[]
}

/** Records in pieces with gaps between them, as batches of a producer lie. */
function lay(values: string[], pieceBytes: number): Laid {
  const records = values.map((value) => ({ value, timestamp: 5 }))
  const plain = new Uint8Array(recordsBytesMax(records))
  const { sizeBytes } = writeRecords(records, plain, 0)
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + sizeBytes)
  bytes.set(plain.subarray(0, sizeBytes), BATCH_HEADER_BYTES)
  const count = Math.ceil(bytes.length / pieceBytes)
  const memory = new Uint8Array(new SharedArrayBuffer(2 * (count + 1) * pieceBytes)).fill(0xee)
  const pieces = Array.from({ length: count }, (_, i) => {
    const piece = bytes.subarray(i * pieceBytes, (i + 1) * pieceBytes)
    // The other way round: pieces come from anywhere.
    const start = 2 * (count - i) * pieceBytes
    memory.set(piece, start)
    return { start, sizeBytes: piece.length }
  })
  return { memory, pieces, values }
}

async function readBack({ memory, pieces, values }: Laid, sizeBytes: number, codec: number): Promise<string[]> {
  const joined = Buffer.concat(pieces.map(({ start, sizeBytes: size }) => memory.subarray(start, start + size)))
  const batch = joined.subarray(0, sizeBytes)
  const times = { baseTimestamp: 5, maxTimestamp: 5, producerId: -1n, producerEpoch: -1, baseSequence: -1 }
  const count = values.length
  const fields = { ...times, count, lastOffsetDelta: count - 1, attributes: codec, sizeBytes }
  writeBatchHeader(new DataView(batch.buffer, batch.byteOffset, batch.length), fields)
  const { records } = await decodeBatch(batch, 0, { checkCrcs: false })
  return records.map(({ value }) => Buffer.from(value!).toString())
}

describe.each(ways)('%s', (_, native) => {
  describe.each(codecNames.filter((name) => name !== 'none'))('%s', (name) => {
    const codec = codecNames.indexOf(name)

    it.each([
      ['one record', 1, 300, 1 << 20],
      ['pieces of any size', 5_000, 100, 7_001],
      ['pieces of 16 KiB', 5_000, 200, 16_384],
      ['one piece', 3_000, 300, 1 << 20],
    ])('%s', async (_, count, size, pieceBytes) => {
      const values = Array.from({ length: count }, (_, i) => `{"event":${i},"page":"${'/p'.repeat(size / 2)}"}`)
      const laid = lay(values, pieceBytes)
      const before = laid.pieces.reduce((sum, piece) => sum + piece.sizeBytes, 0)
      const sizeBytes = await compressPieces(laid.memory, laid.pieces, codec, undefined, native)
      expect(sizeBytes).toBeGreaterThan(BATCH_HEADER_BYTES)
      expect(sizeBytes).toBeLessThan(before)
      expect(await readBack(laid, sizeBytes, codec)).toEqual(values)
      const outside = laid.memory.subarray(0, 2 * pieceBytes)
      expect(outside.every((byte) => byte === 0xee)).toBe(true)
    })

    it(`leaves alone what would not get smaller (seed ${seed})`, async () => {
      const random = seededRandom(seed)
      const noise = Array.from({ length: 40 }, () =>
        String.fromCharCode(...Array.from({ length: 90 }, () => random.next() * 128)),
      )
      const laid = lay([noise.join('').slice(0, 60)], 16_384)
      const copy = laid.memory.slice()
      expect(await compressPieces(laid.memory, laid.pieces, codec, undefined, native)).toBe(0)
      expect(Buffer.compare(laid.memory, copy)).toBe(0)
    })
  })

  it.each([
    ['gzip', 1, 9],
    ['zstd', 1, 19],
  ] as const)('%s is smaller at a higher level', async (name, low, high) => {
    const values = Array.from(
      { length: 3_000 },
      (_, i) => `{"id":${i},"page":"/p/${i % 97}","user":"u${(i * 7919) % 1009}"}`,
    )
    const sizes = [low, high].map((level) => {
      const laid = lay(values, 1 << 20)
      return compressPieces(laid.memory, laid.pieces, codecNames.indexOf(name), level, native)
    })
    const [larger, smaller] = await Promise.all(sizes)
    expect(smaller).toBeLessThan(larger!)
  })
})
