// lz4 frames: walked before they are decoded, so that an addon without a limit never meets a bomb.

import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import { lz4 } from '../../../src/record/compression/lz4.ts'
import { filled } from '../arbitrary-batch.ts'
import { runCodec } from './run-codec.ts'

interface FrameOptions {
  contentChecksum?: boolean
  blockChecksums?: boolean
}
const addon = createRequire(import.meta.url)('lz4-napi') as {
  compressFrameSync(plain: Uint8Array, options?: FrameOptions): Buffer
}
const frame = (plain: Uint8Array, options?: FrameOptions) => addon.compressFrameSync(plain, options)

const text = Buffer.from(filled(300_000, 3))
const skippable = Buffer.concat([Buffer.of(0x5b, 0x2a, 0x4d, 0x18, 3, 0, 0, 0), Buffer.from('abc')])

it('measures within one block and reads exactly, for sizes around the block size', async () => {
  for (const size of [0, 1, 65_535, 65_536, 65_537, 131_072, 300_000]) {
    for (const options of [{}, { contentChecksum: true }, { blockChecksums: true, contentChecksum: true }]) {
      const plain = text.subarray(0, size)
      const { plain: got, bound } = await runCodec(lz4, frame(plain, options))
      expect(got!.equals(plain)).toBe(true)
      expect(bound).toBeGreaterThanOrEqual(size)
      expect(bound).toBeLessThan(size + 65_536)
    }
  }
})

it('reads frames one after another, with frames to skip between, as one stream', async () => {
  const { plain } = await runCodec(
    lz4,
    Buffer.concat([skippable, frame(text), frame(Buffer.alloc(0)), skippable, frame(text)]),
  )
  expect(plain!.equals(Buffer.concat([text, text]))).toBe(true)
})

it('measures a frame with an announced size exactly, and refuses one that lies', async () => {
  const plain = Buffer.from(filled(1000, 5))
  expect(await runCodec(lz4, announcing(plain, 1000))).toMatchObject({ bound: 1000, plain })
  for (const lie of [999, 1001, 10, 0x7fffffff]) {
    expect((await runCodec(lz4, announcing(plain, lie))).fault).toBe('BAD_LZ4')
  }
})

it('refuses what may hold more than the limit', async () => {
  const bomb = frame(Buffer.alloc(3 << 20))
  expect(bomb.length).toBeLessThan(20_000)
  expect((await runCodec(lz4, bomb)).fault).toBe('DECOMPRESSED_TOO_LARGE')
  expect(
    (await runCodec(lz4, Buffer.concat(Array.from({ length: 9 }, () => frame(Buffer.alloc(1 << 17)))))).fault,
  ).toBe('DECOMPRESSED_TOO_LARGE')
})

it('refuses an empty block, behind which lz4-napi reads nothing', async () => {
  const head = Buffer.of(0x04, 0x22, 0x4d, 0x18, 0x40, 0x40, 0xc0)
  const storedBlock = (text: string) => [Buffer.of(text.length, 0, 0, 0x80), Buffer.from(text)]
  const frameOf = (...middle: Buffer[]) =>
    Buffer.concat([head, ...storedBlock('abc'), ...middle, ...storedBlock('def'), Buffer.alloc(4)])
  expect((await runCodec(lz4, frameOf(...storedBlock('!')))).plain?.toString()).toBe('abc!def')
  for (const empty of [Buffer.of(0, 0, 0, 0x80), Buffer.of(1, 0, 0, 0, 0)]) {
    expect((await runCodec(lz4, frameOf(empty))).fault).toBe('BAD_LZ4')
  }
})

it('refuses a dictionary', async () => {
  expect((await runCodec(lz4, edit(frame(text), 4, 0x61))).fault).toBe('DICTIONARY')
})

it.each<[string, (good: Buffer) => Uint8Array]>([
  ['nothing', () => Buffer.alloc(0)],
  ['another magic number', (good) => edit(good, 0, 5)],
  ['the old magic number', () => Buffer.of(2, 0x21, 0x4c, 0x18, 4, 0, 0, 0, 0x30, 1, 2, 3)],
  ['a frame version that does not exist', (good) => edit(good, 4, 0xa0)],
  ['reserved flags', (good) => edit(good, 4, 0x62)],
  ['a block size that does not exist', (good) => edit(good, 5, 0x30)],
  ['reserved block bits', (good) => edit(good, 5, good[5]! | 1)],
  ['a wrong header check sum', (good) => edit(good, 6, good[6]! ^ 1)],
  ['no end mark', (good) => good.subarray(0, good.length - 4)],
  ['a truncated block', (good) => good.subarray(0, good.length - 20)],
  ['a block past the end', (good) => edit(good, 9, 0x7f)],
  ['a block larger than the frame allows', () => stored(4, 70_000)],
  ['bytes after the frame', (good) => Buffer.concat([good, Buffer.of(1, 2, 3)])],
  ['a header alone', (good) => good.subarray(0, 7)],
  ['a frame to skip that is cut', () => skippable.subarray(0, 9)],
  ['a wrong content check sum', () => flipLast(frame(text, { contentChecksum: true }))],
  ['a last block whose lengths pass its end', () => block(Buffer.of(0xf0, 0xff, 0xff))],
  ['a last block that copies from before its start', () => block(Buffer.of(0x10, 0x61, 9, 0, 0x50, 1, 2, 3, 4, 5))],
  ['a last block that ends with a copy', () => block(Buffer.of(0x10, 0x61, 1, 0))],
])('refuses %s', async (_, make) => {
  expect((await runCodec(lz4, make(frame(text)))).fault).toBe('BAD_LZ4')
})

function edit(good: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(good)
  copy[at] = byte
  return copy
}

function flipLast(good: Buffer): Buffer {
  return edit(good, good.length - 1, good.at(-1)! ^ 1)
}

/** A frame of one block, in the header that the addon writes for an empty frame. */
function block(bytes: Buffer, isStored = false): Buffer {
  const empty = frame(Buffer.alloc(0))
  const size = Buffer.alloc(4)
  size.writeUInt32LE((bytes.length | (isStored ? 0x80000000 : 0)) >>> 0)
  return Buffer.concat([empty.subarray(0, 7), size, bytes, Buffer.alloc(4)])
}

function stored(sizeCode: number, size: number): Buffer {
  return edit(block(Buffer.alloc(size), true), 5, sizeCode << 4)
}

/** A frame that announces its size, with the check sum that the header then needs. */
function announcing(plain: Buffer, size: number): Buffer {
  const good = frame(plain)
  const head = Buffer.from(good.subarray(0, 6))
  head[4]! |= 0x08
  const announced = Buffer.alloc(8)
  announced.writeBigUInt64LE(BigInt(size))
  const header = Buffer.concat([head, announced])
  return Buffer.concat([header, Buffer.of((xxh32(header.subarray(4)) >>> 8) & 0xff), good.subarray(7)])
}

/** xxHash32 with seed 0, for fewer than 16 bytes. */
function xxh32(bytes: Buffer): number {
  const rotate = (word: number, bits: number) => (word << bits) | (word >>> (32 - bits))
  let hash = (0x165667b1 + bytes.length) >>> 0
  let at = 0
  for (; at + 4 <= bytes.length; at += 4) {
    hash = Math.imul(rotate((hash + Math.imul(bytes.readUInt32LE(at), 0xc2b2ae3d)) | 0, 17), 0x27d4eb2f)
  }
  for (; at < bytes.length; at++)
    hash = Math.imul(rotate((hash + Math.imul(bytes[at]!, 0x165667b1)) | 0, 11), 0x9e3779b1)
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca77)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae3d)
  return (hash ^ (hash >>> 16)) >>> 0
}
