// What Java does not show of the encoder: stamps, holes, scratch memory, and what it refuses.

import { describe, expect, it } from 'vitest'
import { BATCH_HEADER_BYTES, readBatchHeader } from '../../src/record/batch.ts'
import { codecNames } from '../../src/record/compression/codec.ts'
import { encodeBatch, stampBatch } from '../../src/record/encode.ts'
import { recordBytes } from '../../src/record/record-writer.ts'
import { filled } from './arbitrary-batch.ts'
import { decodeBatch } from './decode-batch.ts'

const value = Buffer.from('value')

function headerOf(bytes: Uint8Array) {
  return readBatchHeader(new DataView(bytes.buffer, bytes.byteOffset), 0)
}

describe('encodeBatch', () => {
  it('makes an empty batch under every codec that reads back as empty', async () => {
    for (const codec of codecNames) {
      const { header, records } = await decodeBatch(await encodeBatch([], { codec }))
      expect([header.count, header.lastOffsetDelta, header.baseTimestamp, header.maxTimestamp]).toEqual([0, 0, -1, -1])
      expect(records).toEqual([])
    }
  })

  it('gives bytes of their own: later batches change nothing, also while a codec still works', async () => {
    const batches = Array.from({ length: 20 }, (_, at) =>
      encodeBatch([{ value: filled(5000, at), timestamp: at }], { codec: codecNames[at % 5]! }),
    )
    for (const [at, batch] of batches.entries()) {
      const { records } = await decodeBatch(await batch)
      expect(Buffer.from(records[0]!.value!).equals(filled(5000, at))).toBe(true)
    }
  })

  it('keeps the last offset that compaction left behind', async () => {
    const records = [{ timestamp: 1, offsetDelta: 3 }, { timestamp: 2 }, { timestamp: 3, offsetDelta: 9 }]
    const batch = await decodeBatch(await encodeBatch(records, { baseOffset: 100, lastOffsetDelta: 20 }))
    expect(batch.records.map(({ offset }) => offset)).toEqual([103, 104, 109])
    expect(batch.header.lastOffsetDelta).toBe(20)
  })

  it('refuses offsets that do not rise, a last offset before the last record, and times that are no numbers', () => {
    expect(() =>
      encodeBatch([
        { timestamp: 1, offsetDelta: 1 },
        { timestamp: 1, offsetDelta: 1 },
      ]),
    ).toThrow(/offsets rise/)
    expect(() => encodeBatch([{ timestamp: 1, offsetDelta: 5 }], { lastOffsetDelta: 4 })).toThrow(/last offset/)
    expect(() => encodeBatch([{ timestamp: Number.NaN }])).toThrow(/timestamp/)
    expect(() => encodeBatch([{ timestamp: 1.5 }])).toThrow(/timestamp/)
  })

  it('writes text as the same bytes that UTF-8 has for it, whatever stands beside it', async () => {
    const texts = [
      '',
      'a',
      'ascii '.repeat(40),
      'é',
      'ÿ'.repeat(100),
      '日本',
      '🙂',
      '\ud800 alone',
      'a'.repeat(63),
      'é'.repeat(63),
    ]
    const bytes = (text: string) => Buffer.from(text, 'utf8')
    for (const key of texts) {
      for (const text of texts) {
        const headers = [[text, key] as const, [key, null] as const]
        const inBytes = headers.map(([name, value]) => [bytes(name), value === null ? null : bytes(value)] as const)
        const written = await encodeBatch([{ key, value: text, headers, timestamp: 1 }])
        const same = await encodeBatch([{ key: bytes(key), value: bytes(text), headers: inBytes, timestamp: 1 }])
        expect(written).toEqual(same)
        expect(recordBytes(bytes(key), bytes(text), inBytes)).toBe(written.length - BATCH_HEADER_BYTES)
      }
    }
  })

  it('compresses better at a higher level where the codec has one', async () => {
    const text = Buffer.from(Array.from({ length: 5000 }, (_, at) => `{"id":${at},"page":"/p/${at % 97}"}`).join())
    const sizes = async (codec: 'gzip' | 'zstd', levels: number[]) =>
      Promise.all(
        levels.map(async (level) => (await encodeBatch([{ value: text, timestamp: 1 }], { codec, level })).length),
      )
    for (const [low, high] of [await sizes('gzip', [1, 9]), await sizes('zstd', [1, 19])])
      expect(high).toBeLessThan(low!)
  })
})

describe('stampBatch', () => {
  it('gives a batch its place without touching the CRC', async () => {
    const bytes = encodeBatch([{ value, timestamp: 5 }]) as Uint8Array
    const { crc } = headerOf(bytes)
    stampBatch(bytes, 0, { baseOffset: 2 ** 40 + 3, leaderEpoch: 12 })
    const { header, records } = await decodeBatch(bytes)
    expect([header.baseOffset, header.leaderEpoch, header.crc, records[0]!.offset]).toEqual([
      2 ** 40 + 3,
      12,
      crc,
      2 ** 40 + 3,
    ])
    expect(records[0]!.timestamp).toBe(5)
  })

  it('stamps a time of its own on every record, with a new CRC, in the middle of other bytes', async () => {
    const bytes = (await encodeBatch([{ value, timestamp: 5 }, { timestamp: 6 }], { codec: 'lz4' })) as Uint8Array
    const log = Buffer.concat([Buffer.alloc(9), bytes, Buffer.alloc(9)])
    stampBatch(log, 9, { baseOffset: 7, leaderEpoch: 0, logAppendTime: 1_700_000_000_000 })
    const { header, records } = await decodeBatch(log, 9)
    expect(header.logAppendTime).toBe(true)
    expect(header.codec).toBe(3)
    expect(records.map(({ timestamp }) => timestamp)).toEqual([1_700_000_000_000, 1_700_000_000_000])
  })
})
