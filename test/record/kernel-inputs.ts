// Batches for a kernel to read, valid, damaged and random, by seed. [test processes]

import { createRequire } from 'node:module'
import zlib from 'node:zlib'
import fc from 'fast-check'
import { seededRandom } from '../../src/base/random.ts'
import { crc32c } from '../../src/bytes/crc32c.ts'
import { ATTRIBUTES_AT, BATCH_HEADER_BYTES, BATCH_LENGTH_AT, CRC_AT } from '../../src/record/batch.ts'
import { encodeBatch } from '../../src/record/encode.ts'
import { arbitraryBatch, filled, ours } from './arbitrary-batch.ts'
import { craftBatch, craftRecord, pack, packingId, packings } from './crafted-batch.ts'

/** A batch and how it came about. */
export interface KernelInput {
  kind: string
  bytes: Uint8Array
  /** Why Java may read it otherwise than the kernels. */
  unlikeJava?: string | undefined
}

type Below = (limit: number) => number

/** Packed records: the codec's id and one of the many forms that its writers give them. */
interface Packed {
  codec: number
  bytes: Uint8Array
  count: number
  unlikeJava?: string
}

const lz4 = createRequire(import.meta.url)('lz4-napi') as {
  compressFrameSync(plain: Uint8Array, options?: object): Buffer
}
const [GZIP, LZ4, ZSTD] = [1, 3, 4]

/** `count` inputs; the same seed gives the same ones. */
export async function* kernelInputs(seed: number, count: number): AsyncGenerator<KernelInput> {
  const random = seededRandom(seed)
  const below: Below = (limit) => Math.floor(random.next() * limit)
  const batches: Uint8Array[] = []
  let forms: Packed[] = []
  for (let at = 0; at < count; at++) {
    if (at % 2000 === 0) {
      const samples = fc.sample(arbitraryBatch, { seed: seed + at, numRuns: 120 })
      batches.splice(0, batches.length, ...(await Promise.all(samples.map((batch) => encodeBatch(...ours(batch))))))
      forms = await packedForms(below)
    }
    const form = forms[below(forms.length)]!
    const batch = new Uint8Array(batches[below(batches.length)]!)
    yield await one(below, at % 10, form, batch)
  }
}

async function one(below: Below, kind: number, form: Packed, batch: Uint8Array): Promise<KernelInput> {
  switch (kind) {
    case 0:
      return { kind: 'valid', bytes: batch }
    case 1:
      return { kind: 'valid, packed otherwise', bytes: crafted(form), unlikeJava: form.unlikeJava }
    case 2:
      return { kind: 'damaged under a right CRC', bytes: resealed(damage(batch, BATCH_HEADER_BYTES, below)) }
    case 3:
      return { kind: 'damaged', bytes: damage(batch, 0, below) }
    case 4:
      return { kind: 'damaged header under a right CRC', bytes: resealed(damage(batch, 0, below, BATCH_HEADER_BYTES)) }
    case 5:
      return { kind: 'cut short under a right CRC', bytes: resealed(shortened(batch, below)) }
    case 6:
      return { kind: 'cut short', bytes: batch.subarray(0, below(batch.length)) }
    case 7: {
      const packing = packings[below(packings.length)]!
      const plain = damage(Buffer.concat([0, 1, 2, 3].map((index) => craftRecord(index))), 0, below)
      const bytes = await pack(packing, plain)
      return { kind: 'damaged records', bytes: crafted({ codec: packingId(packing), bytes, count: 4 }) }
    }
    case 8: {
      const bytes = crafted({ ...form, bytes: damage(new Uint8Array(form.bytes), 0, below) })
      return { kind: 'damaged packing', bytes, unlikeJava: form.unlikeJava }
    }
    default: {
      const bytes = Uint8Array.from({ length: below(200) }, () => below(256))
      // Noise is refused at its first byte: most of it follows something that a codec takes.
      const start = below(4) === 0 ? new Uint8Array() : form.bytes.subarray(0, below(form.bytes.length))
      const noisy = crafted({ ...form, bytes: Buffer.concat([start, bytes]) })
      return { kind: 'noise', bytes: noisy, unlikeJava: form.unlikeJava }
    }
  }
}

/** The same records under every codec, in forms that the encoder does not write but others do. */
async function packedForms(below: Below): Promise<Packed[]> {
  const few = Buffer.concat([0, 1, 2, 3].map((index) => craftRecord(index)))
  const many = Buffer.concat(Array.from({ length: 900 }, (_, index) => craftRecord(index, { value: words(below) })))
  const forms: Packed[] = []
  for (const [plain, count] of [[few, 4] as const, [many, 900] as const]) {
    const add = (codec: number, ...parts: Uint8Array[]) => forms.push({ codec, count, bytes: Buffer.concat(parts) })
    const addUnlikeJava = (unlikeJava: string, codec: number, ...parts: Uint8Array[]) =>
      forms.push({ codec, count, bytes: Buffer.concat(parts), unlikeJava })
    const [head, tail] = [plain.subarray(0, plain.length >> 1), plain.subarray(plain.length >> 1)]
    for (const packing of packings) add(packingId(packing), await pack(packing, plain))
    add(GZIP, zlib.gzipSync(head), zlib.gzipSync(tail, { level: 1 }))
    const padded = 'a kernel looks for the size of a gzip stream at its end, not before padding; nobody writes it'
    addUnlikeJava(padded, GZIP, zlib.gzipSync(plain, { level: 0 }), Buffer.alloc(below(3)))
    addUnlikeJava(padded, GZIP, zlib.gzipSync(plain, { strategy: zlib.constants.Z_FIXED }), Buffer.of(0, 0x1f, 0x8b))
    add(GZIP, withName(zlib.gzipSync(plain)))
    const oneFrame = 'Java reads one lz4 frame and leaves the rest'
    for (const options of [{ contentChecksum: true }, { blockChecksums: true, contentChecksum: true }]) {
      add(LZ4, lz4.compressFrameSync(plain, options))
      addUnlikeJava(oneFrame, LZ4, lz4.compressFrameSync(head, options), lz4.compressFrameSync(tail, options))
    }
    addUnlikeJava(oneFrame, LZ4, skippable(0x184d2a53), lz4.compressFrameSync(plain), skippable(0x184d2a50))
    addUnlikeJava('Java refuses linked lz4 blocks', LZ4, linkedFrame(plain))
    add(ZSTD, skippable(0x184d2a5f), ...(await Promise.all([pack('zstd', head), pack('zstd', tail)])))
    if (typeof zlib.zstdCompressSync === 'function') {
      const { ZSTD_c_checksumFlag, ZSTD_c_contentSizeFlag, ZSTD_c_windowLog } = zlib.constants
      for (const params of [
        { [ZSTD_c_checksumFlag]: 1 },
        { [ZSTD_c_contentSizeFlag]: 0, [ZSTD_c_windowLog]: 10 },
        { [ZSTD_c_contentSizeFlag]: 0, [ZSTD_c_checksumFlag]: 1 },
      ]) {
        add(ZSTD, zlib.zstdCompressSync(plain, { params }))
      }
    }
  }
  return forms
}

function crafted({ codec, bytes, count }: Packed): Uint8Array {
  return craftBatch(codec, bytes, { count })
}

function words(below: Below): string {
  return Buffer.from(filled(60 + below(80), below(1000))).toString('latin1')
}

/** One to four wrong places between `from` and `to`. */
function damage(bytes: Uint8Array, from: number, below: Below, to = bytes.length): Uint8Array {
  for (let times = 1 + below(4); times > 0 && from < to; times--) {
    // Most places that matter are near the start or the end of something.
    const span = [Math.min(24, to - from), Math.min(80, to - from), to - from][below(3)]!
    const at = below(5) === 0 ? to - 1 - below(Math.min(24, to - from)) : from + below(span)
    const how = below(4)
    if (how === 0) bytes[at]! ^= 1 << below(8)
    else if (how === 1) bytes[at] = below(256)
    else if (how === 2) bytes[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)]!
    else bytes[at] = bytes[at]! + 1
  }
  return bytes
}

function shortened(batch: Uint8Array, below: Below): Uint8Array {
  const cut = batch.slice(0, BATCH_HEADER_BYTES + below(Math.max(1, batch.length - BATCH_HEADER_BYTES)))
  new DataView(cut.buffer).setInt32(BATCH_LENGTH_AT, cut.length - 12)
  return cut
}

/** With the CRC that its bytes have now. */
function resealed(batch: Uint8Array): Uint8Array {
  new DataView(batch.buffer, batch.byteOffset).setUint32(CRC_AT, crc32c(batch, ATTRIBUTES_AT))
  return batch
}

function withName(member: Buffer): Buffer {
  const named = Buffer.concat([member.subarray(0, 10), Buffer.from('events.json\0'), member.subarray(10)])
  named[3]! |= 0x08
  return named
}

function skippable(magic: number): Buffer {
  const frame = Buffer.alloc(11, 'x')
  frame.writeUInt32LE(magic, 0)
  frame.writeUInt32LE(3, 4)
  return frame
}

/** An lz4 frame whose second block refers into the first, as writers with linked blocks make them. */
function linkedFrame(plain: Uint8Array): Buffer {
  const bytes = Buffer.from(plain)
  const half = Math.min(60_000, bytes.length >> 1)
  const [first, second] = [bytes.subarray(0, half), bytes.subarray(half, half + 60_000)]
  let at = 0
  while (first.indexOf(second.subarray(at, at + 4)) < 0) at++
  const distance = half + at - first.indexOf(second.subarray(at, at + 4))
  const link = Buffer.concat([
    ...sequence(second.subarray(0, at)),
    Buffer.of(distance & 0xff, distance >> 8),
    ...sequence(second.subarray(at + 4)),
  ])
  const rest = bytes.subarray(half + second.length)
  const stored = (block: Uint8Array) =>
    block.length === 0 ? [] : [uint32((block.length | 0x80000000) >>> 0), block.subarray(0, 65_536)]
  const blocks = [...stored(first), uint32(link.length), link, ...stored(rest), uint32(0)]
  return Buffer.concat([uint32(0x184d2204), Buffer.of(0x40, 0x40, 0xc0), ...blocks])
}

/** Literals, and the token of a match of four bytes behind them. */
function sequence(literals: Uint8Array): Uint8Array[] {
  if (literals.length < 15) return [Buffer.of(literals.length << 4), literals]
  const more = literals.length - 15
  return [Buffer.of(0xf0), Buffer.alloc(Math.floor(more / 255), 255), Buffer.of(more % 255), literals]
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
