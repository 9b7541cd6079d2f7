// snappy: raw, framed, and framed twice; its announced length is checked before the addon allocates it.

import { expect, it } from 'vitest'
import { snappy } from '../../../src/record/compression/snappy.ts'
import { filled } from '../arbitrary-batch.ts'
import { xerial } from '../crafted-batch.ts'
import { runCodec } from './run-codec.ts'

const text = Buffer.from(filled(50_000, 3))
const raw = (plain: Uint8Array) => Buffer.from(snappy.compress(plain) as Uint8Array)
const headerOnly = Buffer.from(xerial(Buffer.alloc(0), 1))

it('measures and reads a raw block exactly', async () => {
  for (const plain of [Buffer.alloc(0), text, Buffer.alloc(1 << 20)]) {
    const { plain: got, bound } = await runCodec(snappy, raw(plain))
    expect(bound).toBe(plain.length)
    expect(got!.equals(plain)).toBe(true)
  }
})

it('measures and reads the framing of the Java library, also one stream after another', async () => {
  for (const stream of [
    xerial(text, 1000),
    xerial(text, 1 << 16),
    Buffer.concat([xerial(text, 777), xerial(text, 32)]),
  ]) {
    const { plain, bound } = await runCodec(snappy, stream)
    expect(bound).toBe(plain!.length)
    expect(plain!.subarray(0, text.length).equals(text)).toBe(true)
    expect(plain!.length % text.length).toBe(0)
  }
  expect((await runCodec(snappy, headerOnly)).plain!.length).toBe(0)
})

it('refuses what announces more than the limit', async () => {
  expect((await runCodec(snappy, raw(Buffer.alloc(2 << 20)))).fault).toBe('DECOMPRESSED_TOO_LARGE')
  expect((await runCodec(snappy, xerial(Buffer.alloc(2 << 20), 1 << 16))).fault).toBe('DECOMPRESSED_TOO_LARGE')
})

it.each<[string, (good: Buffer) => Uint8Array]>([
  ['nothing', () => Buffer.alloc(0)],
  ['an announced length of 4 GiB', () => Buffer.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0)],
  ['an announced length that never ends', () => Buffer.alloc(20, 0xff)],
  ['a length smaller than the truth', (good) => Buffer.concat([Buffer.of(0x80, 1), good.subarray(3)])],
  ['a length larger than the truth', (good) => Buffer.concat([Buffer.of(0xd1, 0x86, 3), good.subarray(3)])],
  ['a truncated block', (good) => good.subarray(0, good.length - 5)],
  ['bytes after the block', (good) => Buffer.concat([good, Buffer.of(0, 1, 2)])],
  ['a copy from before the start', () => Buffer.of(10, 0x15, 0x90)],
  ['a frame header alone, cut', () => headerOnly.subarray(0, 12)],
  ['a frame that needs version 0', () => edit(Buffer.from(xerial(text, 1000)), 15, 0)],
  ['a chunk of length 0', () => Buffer.concat([headerOnly, Buffer.alloc(4)])],
  ['a chunk of negative length', () => Buffer.concat([headerOnly, Buffer.of(0xff, 0xff, 0xff, 0xf0, 1, 2, 3)])],
  ['a chunk past the end', () => xerial(text, 1000).subarray(0, 900)],
  ['a chunk length cut off', () => Buffer.concat([headerOnly, Buffer.of(0, 0)])],
  ['bytes after the last chunk', () => Buffer.concat([xerial(text, 1000), Buffer.of(1)])],
  [
    '4 GiB inside of a chunk',
    () => Buffer.concat([headerOnly, Buffer.of(0, 0, 0, 6, 0xff, 0xff, 0xff, 0xff, 0x0f, 0)]),
  ],
])('refuses %s', async (_, make) => {
  expect((await runCodec(snappy, make(raw(text)))).fault).toBe('BAD_SNAPPY')
})

function edit(good: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(good)
  copy[at] = byte
  return copy
}
