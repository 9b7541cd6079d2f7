// Headers are read lazily, in order, with repeated names; bytes that were replaced meanwhile are an error.

import { expect, it } from 'vitest'
import { encodeBatch } from '../../src/record/encode.ts'
import { readHeaders } from '../../src/record/headers.ts'
import { decodeBatch } from './decode-batch.ts'

it('keeps order, repetition, empty and null values, and names in any script', async () => {
  const headers: [string, Uint8Array | null][] = [
    ['twice', Buffer.from('1')],
    ['', Buffer.alloc(0)],
    ['twice', null],
    ['größe 大小 📏', Buffer.alloc(300, 7)],
  ]
  const { records } = await decodeBatch(await encodeBatch([{ timestamp: 1, headers }]))
  expect(records[0]!.headers.map(([name, value]) => [name, value && Buffer.from(value).toString('hex')])).toEqual(
    headers.map(([name, value]) => [name, value && Buffer.from(value).toString('hex')]),
  )
})

it('reads a hundred thousand headers of one record', async () => {
  const headers = Array.from({ length: 100_000 }, (_, at): [string, Uint8Array] => [`h${at % 7}`, Buffer.of(at & 0xff)])
  const { records } = await decodeBatch(await encodeBatch([{ timestamp: 1, headers }], { codec: 'zstd' }))
  expect(records[0]!.headers.length).toBe(100_000)
  const [name, value] = records[0]!.headers[99_999]!
  expect([name, ...value!]).toEqual(['h4', 99_999 & 0xff])
})

it('throws a typed error where headers cannot be', () => {
  const impossible: number[][] = [
    [],
    [0xff],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
    [3],
    [2, 4, 0x61],
    [2, 1, 0x61, 0],
    [2, 2, 0x61, 9, 0],
  ]
  for (const bytes of impossible) {
    const read = () => readHeaders(Uint8Array.from(bytes), 0)
    expect(read).toThrow(expect.objectContaining({ code: 'RECORD_HEADERS' }))
  }
})
