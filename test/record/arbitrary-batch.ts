// Random record batches for fast-check. [test processes]

import fc from 'fast-check'
import { codecNames } from '../../src/record/compression/codec.ts'
import type { EncodeOptions } from '../../src/record/encode.ts'
import type { RecordHeader } from '../../src/record/headers.ts'
import type { RecordInput } from '../../src/record/record-writer.ts'
import type { DecodedRecord } from './decode-batch.ts'
import type { JavaBatch } from './java-batches.ts'

/** Small mostly; also every length at which a varint grows, and words that compress. */
const bytes: fc.Arbitrary<Uint8Array> = fc.oneof(
  { weight: 4, arbitrary: fc.uint8Array({ maxLength: 40 }) },
  { weight: 2, arbitrary: fc.constantFrom(0, 1, 63, 64, 127, 128, 8191, 8192).map((length) => filled(length, 7)) },
  { weight: 2, arbitrary: fc.tuple(fc.nat(3000), fc.nat(255)).map(([length, seed]) => filled(length, seed)) },
)
const blob: fc.Arbitrary<Uint8Array | null> = fc.option(bytes, { freq: 5, nil: null })
const header: fc.Arbitrary<RecordHeader> = fc.tuple(
  fc.oneof(fc.constantFrom('a', 'b', ''), fc.string({ unit: 'grapheme', maxLength: 12 })),
  blob,
)

/** Also deltas that need the long form, up to centuries, in both directions. */
const timestamp = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1_700_000_000_000, max: 1_700_000_100_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 0, 2 ** 30, 2 ** 31, 2 ** 32, 2 ** 42, 2 ** 51) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 ** 51 }) },
)

const record = fc.record({
  gap: fc.oneof({ weight: 6, arbitrary: fc.constant(0) }, fc.nat(100_000)),
  timestamp,
  key: blob,
  value: blob,
  headers: fc.oneof(fc.constant<RecordHeader[]>([]), fc.array(header, { maxLength: 5 })),
})

/** A batch of 1 to 60 records, possibly with holes between their offsets. */
export const arbitraryBatch: fc.Arbitrary<JavaBatch> = fc
  .record({
    codec: fc.constantFrom(...codecNames),
    baseOffset: fc.oneof(fc.nat(1_000_000), fc.constantFrom(0, 2 ** 31, 2 ** 32 + 5, 2 ** 52)),
    logAppendTime: fc.oneof({ weight: 4, arbitrary: fc.constant(-1) }, fc.nat(2 ** 31 - 1)),
    producer: fc.option(
      fc.record({ id: fc.bigInt(0n, 2n ** 63n - 1n), epoch: fc.nat(32767), sequence: fc.nat(2 ** 31 - 1) }),
      {
        nil: undefined,
      },
    ),
    leaderEpoch: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
    transactional: fc.boolean(),
    rows: fc.array(record, { minLength: 1, maxLength: 60, size: 'max' }),
  })
  .map(({ producer, rows, ...rest }) => ({
    ...rest,
    producerId: producer?.id ?? -1n,
    producerEpoch: producer?.epoch ?? -1,
    baseSequence: producer?.sequence ?? -1,
    transactional: rest.transactional && producer !== undefined,
    records: withOffsets(rest.baseOffset, rows),
  }))

function withOffsets(baseOffset: number, rows: (Omit<DecodedRecord, 'offset'> & { gap: number })[]): DecodedRecord[] {
  let next = baseOffset
  return rows.map(({ gap, headers, ...row }, index) => {
    const offset = index === 0 ? next : next + gap
    next = offset + 1
    return { offset, ...row, headers }
  })
}

/** What `encodeBatch` takes for the same batch. */
export function ours(batch: JavaBatch): [RecordInput[], EncodeOptions] {
  const { records, marker: _marker, logAppendTime, ...rest } = batch
  const inputs = records.map(({ offset, ...record }) => ({ ...record, offsetDelta: offset - batch.baseOffset }))
  return [inputs, { ...rest, logAppendTime: logAppendTime < 0 ? undefined : logAppendTime }]
}

/** Bytes that a codec can shorten, different for each seed. */
export function filled(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * index * (seed | 1) + (index >> 4)) & 0x3f)
}

/** Records as text, a line each: thousands of byte arrays compare fast that way. */
export function lines(records: readonly DecodedRecord[]): string {
  const hex = (blob: Uint8Array | null) =>
    blob === null ? 'null' : Buffer.from(blob.buffer, blob.byteOffset, blob.length).toString('hex')
  return records
    .map(({ offset, timestamp, key, value, headers }) => {
      // Bytes that are no utf-8 become one replacement character or several, as each library likes.
      const named = headers.map(([name, header]) => `${JSON.stringify(name.replace(/\ufffd+/g, '?'))}=${hex(header)}`)
      // Damage makes timestamps beyond 2^53, where a double is only near the truth: a sum of two falls on either side.
      const time = Math.abs(timestamp) < 2 ** 52 ? timestamp : 'beyond 2^52'
      return `${offset} ${time} ${hex(key)} ${hex(value)} ${named.join(' ')}`
    })
    .join('\n')
}
