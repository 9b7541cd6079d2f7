// zstd, by node:zlib and by the addon: frames and blocks are walked first, and both give the same verdicts.

import { describe, expect, it } from 'vitest'
import type { Codec } from '../../../src/record/compression/codec.ts'
import { zstd, zstdAddon, zstdBuiltIn } from '../../../src/record/compression/zstd.ts'
import { filled } from '../arbitrary-batch.ts'
import { runCodec } from './run-codec.ts'

const text = Buffer.from(filled(300_000, 3))
const skippable = Buffer.concat([Buffer.of(0x5b, 0x2a, 0x4d, 0x18, 3, 0, 0, 0), Buffer.from('abc')])
const magic = Buffer.of(0x28, 0xb5, 0x2f, 0xfd)

const codecs: [string, Codec][] = [['addon', zstdAddon]]
if (zstdBuiltIn.status().available) codecs.push(['built in', zstdBuiltIn])

it('uses what Node.js has built in where it has it', () => {
  expect(zstd).toBe(zstdBuiltIn.status().available ? zstdBuiltIn : zstdAddon)
})

describe.each(codecs)('%s', (_, codec) => {
  it('reads frames with and without an announced size', async () => {
    for (const size of [0, 1, 1000, 131_072, 131_073, 300_000]) {
      const plain = text.subarray(0, size)
      for (const frame of [await compressed(plain), unannounced(plain)]) {
        const { plain: got, bound } = await runCodec(codec, frame)
        expect(got!.equals(plain)).toBe(true)
        expect(bound).toBeGreaterThanOrEqual(size)
      }
    }
    // An announced size is the bound: in one, two, four and eight bytes.
    for (const fields of [
      [0x20, 3],
      [0xa0, 3, 0, 0, 0],
      [0xe0, 3, 0, 0, 0, 0, 0, 0, 0],
      [0x80, 0x58, 3, 0, 0, 0],
    ]) {
      expect(await runCodec(codec, raw(fields[0]!, Buffer.from(fields.slice(1))))).toMatchObject({ bound: 3 })
    }
    const twoBytes = Buffer.concat([magic, Buffer.of(0x60, 44, 0), repeated(300, true)])
    expect(await runCodec(codec, twoBytes)).toEqual({ bound: 300, plain: Buffer.alloc(300, 'a') })
  })

  it('reads frames one after another, with frames to skip between, as one stream', async () => {
    const one = await compressed(text)
    const { plain } = await runCodec(
      codec,
      Buffer.concat([skippable, one, await compressed(Buffer.alloc(0)), skippable, one]),
    )
    expect(plain!.equals(Buffer.concat([text, text]))).toBe(true)
  })

  it('refuses what may hold more than the limit', async () => {
    const bomb = await compressed(Buffer.alloc(64 << 20))
    expect(bomb.length).toBeLessThan(10_000)
    expect((await runCodec(codec, bomb)).fault).toBe('DECOMPRESSED_TOO_LARGE')
    expect((await runCodec(codec, Buffer.concat(Array.from({ length: 4 }, () => unannounced(text))))).fault).toBe(
      'DECOMPRESSED_TOO_LARGE',
    )
  })

  it('refuses blocks that hold more than was announced', async () => {
    // Single segment, two bytes of size (300); then repeated bytes, far more of them.
    const repeats = Buffer.concat(Array.from({ length: 1000 }, (_, at) => repeated(300, at === 999)))
    const lie = Buffer.concat([magic, Buffer.of(0x60, 44, 0), repeats])
    expect((await runCodec(codec, lie)).fault).toMatch(/^(BAD_ZSTD|MORE_THAN_ANNOUNCED)$/)
  })

  it('refuses windows above 128 MiB and dictionaries', async () => {
    expect((await runCodec(codec, raw(0x00, Buffer.of(21 << 3)))).fault).toBe('ZSTD_WINDOW') // windowLog 31
    expect((await runCodec(codec, raw(0x00, Buffer.of(31 << 3)))).fault).toBe('ZSTD_WINDOW') // windowLog 41
    expect((await runCodec(codec, raw(0x00, Buffer.of((17 << 3) | 1)))).fault).toBe('ZSTD_WINDOW') // just above
    expect((await runCodec(codec, raw(0x00, Buffer.of(17 << 3)))).plain!.toString()).toBe('xyz')
    expect((await runCodec(codec, raw(0x01, Buffer.of(0x58, 7)))).fault).toBe('DICTIONARY')
    expect((await runCodec(codec, raw(0x03, Buffer.of(0x58, 0, 0, 0, 7)))).fault).toBe('DICTIONARY')
    expect((await runCodec(codec, raw(0x01, Buffer.of(0x58, 0)))).plain!.toString()).toBe('xyz')
  })

  it('refuses more frames than anybody writes, rather than spend a decoder on each', async () => {
    const empty = await compressed(Buffer.alloc(0))
    expect((await runCodec(codec, Buffer.concat(Array.from({ length: 5000 }, () => empty)))).fault).toBe('BAD_ZSTD')
  })

  it.each<[string, (good: Buffer) => Uint8Array]>([
    ['nothing', () => Buffer.alloc(0)],
    ['another magic number', (good) => edit(good, 0, 0)],
    ['reserved bits in the descriptor', () => raw(0x08, Buffer.of(0x58))],
    ['a truncated header', (good) => good.subarray(0, 5)],
    ['a truncated block', (good) => good.subarray(0, good.length - 3)],
    ['a truncated block header', () => Buffer.concat([magic, Buffer.of(0, 0x58, 1, 0)])],
    ['a missing last block', () => Buffer.concat([magic, Buffer.of(0, 0x58, 24, 0, 0), Buffer.from('xyz')])],
    [
      'a block type that does not exist',
      () => Buffer.concat([magic, Buffer.of(0, 0x58, 31, 0, 0), Buffer.from('xyz')]),
    ],
    [
      'a block larger than the window',
      () => Buffer.concat([magic, Buffer.of(0, 0), header(0, 2000, true), Buffer.alloc(2000)]),
    ],
    ['an announced size above what the blocks hold', () => raw(0xc0, Buffer.of(0x58, 0, 0, 0, 0, 0, 1, 0, 0))],
    ['an announced size below what the blocks hold', () => raw(0x20, Buffer.of(2))],
    ['a missing check sum', () => raw(0x04, Buffer.of(0x58))],
    ['a wrong check sum', () => Buffer.concat([raw(0x04, Buffer.of(0x58)), Buffer.alloc(4)])],
    ['a damaged block', (good) => edit(good, 20, good[20]! ^ 0xff)],
    ['bytes after the frame', (good) => Buffer.concat([good, Buffer.from('junk')])],
    ['a frame to skip that is cut', () => skippable.subarray(0, 9)],
    ['a frame to skip of 4 GiB', () => Buffer.of(0x50, 0x2a, 0x4d, 0x18, 0xff, 0xff, 0xff, 0xff)],
  ])('refuses %s', async (_name, make) => {
    expect((await runCodec(codec, make(await compressed(text)))).fault).toMatch(/^(BAD_ZSTD|MORE_THAN_ANNOUNCED)$/)
  })
})

async function compressed(plain: Uint8Array): Promise<Buffer> {
  return Buffer.from(await zstdAddon.compress(plain))
}

/** Raw blocks without an announced size, as a stream writes them. */
function unannounced(plain: Uint8Array): Buffer {
  const chunks: Uint8Array[] = [magic, Buffer.of(0x00, 0x58)] // windowLog 21
  for (let at = 0; at < plain.length; at += 131_072) {
    const part = plain.subarray(at, at + 131_072)
    chunks.push(header(0, part.length, false), Buffer.from(part))
  }
  return Buffer.concat([...chunks, header(0, 0, true)])
}

/** A frame of one raw block 'xyz' behind this descriptor and the fields that it calls for. */
function raw(descriptor: number, fields: Uint8Array): Buffer {
  return Buffer.concat([magic, Buffer.of(descriptor), fields, header(0, 3, true), Buffer.from('xyz')])
}

function repeated(size: number, last: boolean): Buffer {
  return Buffer.concat([header(1, size, last), Buffer.of(0x61)])
}

function header(type: number, size: number, last: boolean): Buffer {
  const bytes = Buffer.alloc(3)
  bytes.writeUIntLE((size << 3) | (type << 1) | (last ? 1 : 0), 0, 3)
  return bytes
}

function edit(good: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(good)
  copy[at] = byte
  return copy
}
