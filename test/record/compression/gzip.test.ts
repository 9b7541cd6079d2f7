// gzip: bounded by the sizes its members announce, whole or in several members.

import { randomBytes } from 'node:crypto'
import { deflateSync, gzipSync } from 'node:zlib'
import { expect, it } from 'vitest'
import { gzip } from '../../../src/record/compression/gzip.ts'
import { filled } from '../arbitrary-batch.ts'
import { runCodec } from './run-codec.ts'

const text = Buffer.from(filled(50_000, 3))

it('measures a single member exactly', async () => {
  for (const plain of [Buffer.alloc(0), text, Buffer.alloc(1 << 20), randomBytes(5000)]) {
    const { plain: got, bound } = await runCodec(gzip, gzipSync(plain))
    expect(bound).toBe(plain.length)
    expect(got!.equals(plain)).toBe(true)
  }
})

it('reads several members, an empty one among them, as one stream', async () => {
  const members = [text, Buffer.alloc(0), Buffer.from('x'), text].map((plain) => gzipSync(plain))
  const { plain, bound } = await runCodec(gzip, Buffer.concat(members))
  expect(plain!.equals(Buffer.concat([text, Buffer.from('x'), text]))).toBe(true)
  expect(bound).toBe(plain!.length)
})

it('never measures below the truth when data looks like the start of a member', async () => {
  // Stored blocks carry the bytes as they are: the plain text of a gzip stream is full of member starts.
  const decoy = Buffer.concat(Array.from({ length: 40 }, () => gzipSync(Buffer.from('decoy'))))
  const { plain, bound } = await runCodec(gzip, gzipSync(decoy, { level: 0 }))
  expect(plain!.equals(decoy)).toBe(true)
  expect(bound).toBeGreaterThanOrEqual(decoy.length)
})

it('lets data with false member starts pass under a limit that it keeps', async () => {
  const decoy = Buffer.concat([
    Buffer.of(0xff, 0xff, 0xff, 0x7f),
    gzipSync(Buffer.from('decoy')),
    Buffer.alloc(3_000_000),
  ])
  const stored = gzipSync(decoy.subarray(0, 100), { level: 0 })
  const { plain, bound } = await runCodec(gzip, stored, 100)
  expect(plain!.equals(decoy.subarray(0, 100))).toBe(true)
  expect(bound).toBe(100)
})

it('refuses what announces more than the limit, or more than deflate can do', async () => {
  const bomb = gzipSync(Buffer.alloc(2 << 20))
  expect((await runCodec(gzip, bomb)).fault).toBe('DECOMPRESSED_TOO_LARGE')
  const lie = gzipSync(Buffer.from('small'))
  lie.writeUInt32LE(0xffffffff, lie.length - 4)
  expect((await runCodec(gzip, lie)).fault).toBe('BAD_GZIP')
})

it('refuses a size that is smaller than the truth before it is written out', async () => {
  const lie = gzipSync(Buffer.alloc(1 << 20))
  lie.writeUInt32LE(10, lie.length - 4)
  expect((await runCodec(gzip, lie)).fault).toBe('MORE_THAN_ANNOUNCED')
})

it.each<[string, (good: Buffer) => Uint8Array]>([
  ['nothing', () => Buffer.alloc(0)],
  ['a zlib stream', () => deflateSync(text)],
  ['a damaged header', (good) => edit(good, 0, 0x1e)],
  ['another method', (good) => edit(good, 2, 9)],
  ['reserved flags', (good) => edit(good, 3, 0x80)],
  ['a truncated stream', (good) => good.subarray(0, good.length - 9)],
  ['a damaged middle', (good) => edit(good, 40, good[40]! ^ 0xff)],
  ['a wrong check sum', (good) => edit(good, good.length - 8, good[good.length - 8]! ^ 1)],
  ['a wrong size', (good) => edit(good, good.length - 4, good[good.length - 4]! ^ 1)],
  ['bytes after it', (good) => Buffer.concat([good, Buffer.from('junk!')])],
  ['zeros after it', (good) => Buffer.concat([good, Buffer.alloc(8)])],
  ['a second member cut short', (good) => Buffer.concat([good, good.subarray(0, 30)])],
])('refuses %s', async (_, make) => {
  const { fault } = await runCodec(gzip, make(gzipSync(text)))
  expect(fault).toMatch(/^(BAD_GZIP|MORE_THAN_ANNOUNCED)$/)
})

function edit(good: Buffer, at: number, byte: number): Buffer {
  const copy = Buffer.from(good)
  copy[at] = byte
  return copy
}
