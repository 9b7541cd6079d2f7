// Java writes what we read, and reads what we write.

import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readBatchHeader } from '../../src/record/batch.ts'
import { type CodecName, codecNames } from '../../src/record/compression/codec.ts'
import { codecId } from '../../src/record/compression/registry.ts'
import { encodeBatch, encodeControlBatch } from '../../src/record/encode.ts'
import { unavailable } from '../support/kafka-jars.ts'
import { seed } from '../support/seed.ts'
import { arbitraryBatch, filled, lines, ours } from './arbitrary-batch.ts'
import { type DecodedRecord, decodeBatch } from './decode-batch.ts'
import { type JavaBatch, readByJava, writeByJava } from './java-batches.ts'

const cases = 250
console.info(`round trip: ${cases} batches each way`)

const why = unavailable()
if (why !== undefined) console.warn(`round trip with Java: skipped, ${why}`)

const plain: JavaBatch = {
  codec: 'none',
  baseOffset: 0,
  logAppendTime: -1,
  producerId: -1n,
  producerEpoch: -1,
  baseSequence: -1,
  leaderEpoch: -1,
  transactional: false,
  records: [],
}

describe('without Java', () => {
  it('reads back every batch it writes, from shared memory as well', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryBatch, async (batch) => {
        const encoded = await encodeBatch(...ours(batch))
        expect(lines((await decodeBatch(encoded)).records)).toBe(expected(batch))
        const shared = new Uint8Array(new SharedArrayBuffer(encoded.length + 3))
        shared.set(encoded, 3)
        expect(lines((await decodeBatch(shared, 3)).records)).toBe(expected(batch))
      }),
      { seed, numRuns: cases },
    )
  })
})

describe.skipIf(why !== undefined)('with Java', () => {
  it('reads the batches that Java writes, for every codec', async () => {
    const batches = [...sizes(), ...fc.sample(arbitraryBatch, { seed, numRuns: cases })]
    const written = await writeByJava(batches)
    for (const [at, batch] of batches.entries()) {
      const { header, records } = await decodeBatch(written[at]!)
      expect(lines(records)).toBe(expected(batch))
      expect(header.codec).toBe(codecId(batch.codec))
      expect(header.producerId).toBe(batch.producerId)
      expect(header.leaderEpoch).toBe(batch.leaderEpoch)
      expect(header.sizeBytes).toBe(written[at]!.length)
    }
  })

  it('writes what Java reads, for every codec', async () => {
    const batches = [...sizes(), ...fc.sample(arbitraryBatch, { seed: seed + 1, numRuns: cases })]
    const encoded = await Promise.all(batches.map((batch) => encodeBatch(...ours(batch))))
    const readings = await readByJava(encoded)
    for (const [at, batch] of batches.entries()) {
      const reading = readings[at]!
      if (reading.complaint !== undefined)
        throw new Error(`Java refused batch ${at} (${batch.codec}): ${reading.complaint}`)
      expect(lines(reading.records)).toBe(expected(batch))
      const header = readBatchHeader(new DataView(encoded[at]!.buffer, encoded[at]!.byteOffset), 0)
      expect(reading.header).toEqual({
        baseOffset: header.baseOffset,
        lastOffset: header.baseOffset + header.lastOffsetDelta,
        maxTimestamp: header.maxTimestamp,
        producerId: batch.producerId,
        producerEpoch: batch.producerEpoch,
        baseSequence: batch.baseSequence,
        leaderEpoch: batch.leaderEpoch,
        transactional: batch.transactional,
        control: false,
        codec: codecId(batch.codec),
      })
    }
  })

  it('writes uncompressed batches and markers byte for byte as Java does', async () => {
    const batches = fc
      .sample(arbitraryBatch, { seed: seed + 2, numRuns: cases })
      .map((batch): JavaBatch => ({ ...batch, codec: 'none' }))
    const written = await writeByJava(batches)
    for (const [at, batch] of batches.entries()) {
      expect(Buffer.from(await encodeBatch(...ours(batch))).toString('hex')).toBe(
        Buffer.from(written[at]!).toString('hex'),
      )
    }
    const marker = { timestamp: 1_700_000_000_123, coordinatorEpoch: 9 }
    for (const type of ['abort', 'commit'] as const) {
      const fields = { baseOffset: 77, producerId: 4711n, producerEpoch: 3, leaderEpoch: 5 }
      const [theirs] = await writeByJava([{ ...plain, ...fields, marker: { type, ...marker } }])
      expect(Buffer.from(encodeControlBatch({ ...fields, type, ...marker })).equals(theirs!)).toBe(true)
    }
  })
})

function expected(batch: JavaBatch): string {
  const { logAppendTime } = batch
  const stamped = (record: DecodedRecord) => (logAppendTime < 0 ? record : { ...record, timestamp: logAppendTime })
  return lines(batch.records.map(stamped))
}

/** Every codec with values from nothing to 1 MB, one record or many. */
function sizes(): JavaBatch[] {
  const shapes: [count: number, bytes: number][] = [
    [1, 0],
    [1, 100],
    [1000, 0],
    [1000, 100],
    [20, 33_000],
    [16, 65_536],
    [1, 1_048_576],
  ]
  return codecNames.flatMap((codec: CodecName) =>
    shapes.map(([count, bytes]) => ({
      ...plain,
      codec,
      records: Array.from({ length: count }, (_, offset) => record(offset, filled(bytes, offset))),
    })),
  )
}

function record(offset: number, value: Uint8Array): DecodedRecord {
  const headers: [string, Uint8Array | null][] = [
    ['twice', filled(3, 1)],
    ['twice', null],
  ]
  return { offset, timestamp: 1_700_000_000_000 + offset, key: null, value, headers }
}
