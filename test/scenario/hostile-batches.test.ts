// A broken batch in one partition: its records end with a typed error that says where, the others flow on. [test]
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { MillraceError } from '../../src/base/errors.ts'
import { compress } from '../../src/record/compression/registry.ts'
import { craftBatch, packingId } from '../record/crafted-batch.ts'
import { batchOf, collect, collectUntilError, modes, Reading, within } from '../support/reading.ts'

const MAX_DECOMPRESSED_BYTES = 1_048_576

type Make = () => Buffer | Promise<Buffer>

/** A batch of three records, changed. */
const changed = (change: (batch: Buffer) => void) => async () => {
  const batch = await batchOf(['x', 'y', 'z'])
  change(batch)
  return batch
}

const zeros = Buffer.alloc(8 * MAX_DECOMPRESSED_BYTES)
const bomb = (codec: 'gzip' | 'snappy' | 'lz4' | 'zstd') => async () =>
  Buffer.from(craftBatch(packingId(codec), await compress(codec, zeros), { count: 3 }))

const broken: [name: string, make: Make, code: string, errorClass?: string][] = [
  ['a wrong CRC', changed((batch) => batch.writeUInt8(batch.at(-1)! ^ 1, batch.length - 1)), 'CRC_MISMATCH'],
  // The attributes are under the CRC: a flipped control bit must not make records vanish.
  ['a flipped control bit', changed((batch) => batch.writeInt16BE(0x20, 21)), 'CRC_MISMATCH'],
  ['a count larger than there is', changed((batch) => batch.writeInt32BE(1_000_000, 57)), 'COUNT_TOO_LARGE'],
  ['a count one too large', withCount(4), 'RECORD_TRUNCATED'],
  ['a count one too small', withCount(2), 'TRAILING_BYTES'],
  ['a negative count', changed((batch) => batch.writeInt32BE(-1, 57)), 'NEGATIVE_COUNT'],
  ['a length beyond the end', changed((batch) => batch.writeInt32BE(1_000_000, 8)), 'NO_PROGRESS'],
  ['a length near 2 GiB', changed((batch) => batch.writeInt32BE(0x7fffffff, 8)), 'NO_PROGRESS'],
  ['a negative length', changed((batch) => batch.writeInt32BE(-1, 8)), 'BATCH_TOO_SMALL'],
  ['a length of zero', changed((batch) => batch.writeInt32BE(0, 8)), 'BATCH_TOO_SMALL'],
  ['message format 1', changed((batch) => batch.writeUInt8(1, 16)), 'UNSUPPORTED_MAGIC'],
  ['an unknown codec', changed((batch) => batch.writeInt16BE(7, 21)), 'UNKNOWN_CODEC'],
  ['a negative last offset', changed((batch) => batch.writeInt32BE(-5, 23)), 'LAST_OFFSET_DELTA'],
  ['a gzip bomb', bomb('gzip'), 'DECOMPRESSED_TOO_LARGE', 'MessageTooLarge'],
  ['a snappy bomb', bomb('snappy'), 'DECOMPRESSED_TOO_LARGE', 'MessageTooLarge'],
  ['an lz4 bomb', bomb('lz4'), 'DECOMPRESSED_TOO_LARGE', 'MessageTooLarge'],
  ['a zstd bomb', bomb('zstd'), 'DECOMPRESSED_TOO_LARGE', 'MessageTooLarge'],
]

function withCount(count: number): Make {
  return async () => {
    const packed = (await batchOf(['one', 'two', 'three'])).subarray(61)
    return Buffer.from(craftBatch(0, packed, { count, lastOffsetDelta: Math.max(2, count - 1) }))
  }
}

describe.each(modes)('with threads: %s', (mode) => {
  let reading: Reading
  let topics = 0
  beforeAll(async () => {
    reading = await Reading.start(mode, { maxDecompressedBytes: MAX_DECOMPRESSED_BYTES, decodeWorkers: 2 })
  })
  afterAll(() => reading[Symbol.asyncDispose]())

  async function topicWith(bad: Buffer): Promise<string> {
    const topic = `broken-${++topics}`
    reading.broker.createTopic(topic, { partitions: 3 })
    for (let partition = 0; partition < 3; partition++) {
      reading.broker.append(topic, partition, await batchOf([`${partition} a`, `${partition} b`]))
      if (partition === 1) reading.broker.append(topic, partition, bad)
      for (let i = 0; i < 20; i++) reading.broker.append(topic, partition, await batchOf([`${partition} ${i}`]))
    }
    return topic
  }

  it.each(broken)('%s ends its partition alone, by name', async (_, make, code, errorClass = 'CorruptRecord') => {
    const topic = await topicWith(await make())
    const { all, error } = await within('the loop', 10_000, collectUntilError(reading.kafka.iterate(topic)))
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code, name: errorClass, topic, partition: 1, offset: 2 })
    expect((error as MillraceError).broker).toBe(reading.broker.address)
    const from = (partition: number) => all.filter((record) => record.partition === partition)
    expect(from(0)).toHaveLength(22)
    expect(from(2)).toHaveLength(22)
    expect(from(1).map(({ value }) => String(value))).toEqual(['1 a', '1 b'])
    expect((error as MillraceError).message).toContain(`${topic}[1]`)
  })

  it('a damaged batch is left out where onCorruptRecord says so', async () => {
    const topic = await topicWith(await changed((batch) => batch.writeUInt8(batch.at(-1)! ^ 1, batch.length - 1))())
    const all = await within('the loop', 10_000, collect(reading.kafka.iterate(topic, { onCorruptRecord: 'skip' })))
    expect(all).toHaveLength(66)
    expect(all.filter(({ offset, partition }) => partition === 1 && offset >= 2 && offset < 5)).toEqual([])
  })

  it('the error comes at once where reading never ends', async () => {
    const topic = await topicWith(await changed((batch) => batch.writeInt32BE(-1, 57))())
    const loop = collectUntilError(reading.kafka.iterate(topic, { until: 'never' }))
    expect((await within('the loop', 10_000, loop)).error).toMatchObject({ code: 'NEGATIVE_COUNT', partition: 1 })
  })

  it('a new loop goes on without the partition that failed', async () => {
    const topic = await topicWith(await changed((batch) => batch.writeInt32BE(-1, 57))())
    const source = reading.kafka.iterate(topic, { until: 'never', idleMs: 300 })
    await within('the first loop', 10_000, collectUntilError(source))
    await reading.broker.seed(topic, [
      { value: 'later', partition: 0 },
      { value: 'never seen', partition: 1 },
    ])
    const seen: string[] = []
    for await (const record of source) {
      if (record === undefined) break
      seen.push(String(record.value))
    }
    expect(seen).toContain('later')
    expect(seen).not.toContain('never seen')
  })

  it('the largest last offset delta there is moves the position on, not back', async () => {
    const topic = `far-${mode}`
    reading.broker.createTopic(topic)
    reading.broker.append(topic, 0, await batchOf(['x'], { lastOffsetDelta: 0x7fffffff }))
    const source = reading.kafka.iterate(topic)
    const all = await within('the loop', 10_000, collect(source))
    expect(all.map(({ offset }) => offset)).toEqual([0])
    expect(await source.positions()).toEqual([{ topic, partition: 0, offset: 2 ** 31, end: 2 ** 31 }])
  })

  it('the broker found nothing wrong with itself', () => {
    expect(reading.broker.errors).toEqual([])
  })
})
