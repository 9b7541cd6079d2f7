// The forms in which an iteration gives its records, and what stays true of them. In both ways of running. [test]
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BatchReleased } from '../../src/base/errors.ts'
import { DeserializationError } from '../../src/delivery/record-decoder.ts'
import { type Deserializer, json, string } from '../../src/delivery/serdes.ts'
import { collect, collectUntilError, errorOf, modes, pause, Reading, within } from '../support/reading.ts'

const LIMIT_MS = 10_000

/** Fails for values that hold an x. */
const noX: Deserializer<string> = {
  deserialize(bytes) {
    const value = String(bytes)
    if (value.includes('x')) throw new Error('there is an x in it')
    return value
  },
}

describe.each(modes)('with threads: %s', (mode) => {
  let reading: Reading
  let topics = 0
  const name = () => `topic-${mode}-${++topics}`
  beforeAll(async () => {
    reading = await Reading.start(mode, { decodeWorkers: 1, topics: { typed: { value: json() } } })
  })
  afterAll(() => reading[Symbol.asyncDispose]())

  async function seeded(values: readonly unknown[], batchRecords = 4): Promise<string> {
    const topic = name()
    await reading.broker.seed(topic, values as string[], { batchRecords })
    return topic
  }
  const letters = (count: number) => Array.from({ length: count }, (_, i) => `value ${i}`)

  describe('poll', () => {
    it('gives up to max records, in order, and nothing at the end', async () => {
      const source = reading.kafka.iterate(await seeded(letters(10)))
      const sizes: number[] = []
      const values: string[] = []
      for (let records = await source.poll({ max: 3 }); records.length > 0; records = await source.poll({ max: 3 })) {
        sizes.push(records.length)
        values.push(...records.map(({ value }) => String(value)))
      }
      expect(values).toEqual(letters(10))
      expect(Math.max(...sizes)).toBeLessThanOrEqual(3)
      expect(await source.poll()).toEqual([])
    })

    it('leaves to batches() what it did not give of a batch', async () => {
      const source = reading.kafka.iterate(await seeded(letters(10)))
      const values = (await source.poll({ max: 3 })).map(({ value }) => String(value))
      for await (const batch of source.batches()) for (const { value } of batch) values.push(String(value))
      expect(values).toEqual(letters(10))
    })

    it('gives nothing after timeoutMs, and later what came then', async () => {
      const topic = await seeded(letters(2))
      const source = reading.kafka.iterate(topic, { until: 'never' })
      expect(await source.poll({ max: 2 })).toHaveLength(2)
      expect(await source.poll({ timeoutMs: 60 })).toEqual([])
      await reading.broker.seed(topic, ['late'])
      expect((await source.poll()).map(({ value }) => String(value))).toEqual(['late'])
      await source.close()
      expect(await source.poll()).toEqual([])
    })

    it('called again before the last one ended, gives each record once', async () => {
      const source = reading.kafka.iterate(await seeded(letters(30)))
      const polls = await Promise.all(Array.from({ length: 12 }, () => source.poll({ max: 5, timeoutMs: 2_000 })))
      expect(polls.flat().map(({ value }) => String(value))).toEqual(letters(30))
    })

    it('loses no record before one that cannot be deserialized, and none after it', async () => {
      const topic = await seeded(['a', 'b', 'x', 'c', 'd'], 5)
      const source = reading.kafka.iterate(topic, { value: noX })
      expect((await source.poll()).map(({ value }) => value)).toEqual(['a', 'b'])
      expect(await errorOf(source.poll())).toMatchObject({ name: 'Serialization', topic, partition: 0, offset: 2 })
      expect((await source.poll()).map(({ value }) => value)).toEqual(['c', 'd'])
    })
  })

  describe('toReadable', () => {
    it('streams the records in object mode and ends', async () => {
      const stream = reading.kafka.iterate(await seeded(letters(100))).toReadable()
      const values: string[] = []
      for await (const record of stream) values.push(String(record.value))
      expect(values).toEqual(letters(100))
    })

    it('leaves idle ticks out, and is destroyed while it waits', async () => {
      const topic = await seeded(letters(3))
      const stream = reading.kafka.iterate(topic, { until: 'never', idleMs: 20 }).toReadable()
      const values: unknown[] = []
      stream.on('data', (record) => values.push(record?.offset))
      while (values.length < 3) await pause(5)
      await pause(80)
      stream.destroy()
      await within('close', LIMIT_MS, once(stream, 'close'))
      expect(values).toEqual([0, 1, 2])
    })

    it.each([1, 3, 5])('left after %i records, it has taken none from the next loop', async (count) => {
      const source = reading.kafka.iterate(await seeded(letters(12), 3))
      const values: string[] = []
      for (let round = 1; round < 3; round++) {
        for await (const record of source.toReadable()) {
          values.push(String(record.value))
          if (values.length >= round * count) break
        }
        const stream = source.toReadable()
        stream.read()
        stream.destroy()
        for (const record of await source.poll({ max: 1 })) values.push(String(record.value))
      }
      for await (const batch of source.batches()) for (const { value } of batch) values.push(String(value))
      expect(values).toEqual(letters(12))
    })

    it('is destroyed with the error of a partition', async () => {
      const topic = await seeded(['a', 'x'])
      const stream = reading.kafka.iterate(topic, { value: noX }).toReadable()
      expect(await errorOf(collect(stream))).toMatchObject({ name: 'Serialization', offset: 1 })
    })
  })

  describe('deserializers', () => {
    it('of the topic, and of the call instead', async () => {
      await reading.broker.seed('typed', [{ n: 1 }, { n: 2 }])
      expect((await collect(reading.kafka.iterate('typed'))).map(({ value }) => value)).toEqual([{ n: 1 }, { n: 2 }])
      const strings = await collect(reading.kafka.iterate('typed', { value: string() }))
      expect(strings.map(({ value }) => value)).toEqual(['{"n":1}', '{"n":2}'])
    })

    it('are told which part of which record they read', async () => {
      const topic = await seeded([{ key: 'k', value: 'v' }])
      const seen: unknown[] = []
      const spy: Deserializer<string> = {
        deserialize(bytes, context) {
          seen.push([String(bytes), context])
          return String(bytes)
        },
      }
      await collect(reading.kafka.iterate(topic, { key: spy, value: spy }))
      const where = { topic, partition: 0, offset: 0 }
      expect(seen).toEqual([
        ['k', { ...where, part: 'key' }],
        ['v', { ...where, part: 'value' }],
      ])
    })

    it('that fail end the loop with the record; the next loop goes on behind it', async () => {
      const topic = await seeded(['a', 'b x', 'c'], 3)
      const source = reading.kafka.iterate(topic, { value: noX })
      const { all, error } = await collectUntilError(source)
      expect(all.map(({ value }) => value)).toEqual(['a'])
      expect(error).toBeInstanceOf(DeserializationError)
      expect(error).toMatchObject({ topic, partition: 0, offset: 1, code: 'DESERIALIZATION_FAILED' })
      const { record, bytes } = error as DeserializationError
      expect([String(record.value), String(bytes)]).toEqual(['b x', 'b x'])
      expect(bytes!.buffer, 'a copy').not.toBe(record.value!.buffer)
      expect((error as Error).message).toContain(`${topic}[0]`)
      expect((await collect(source)).map(({ value }) => value)).toEqual(['c'])
    })

    it("are passed over by onDeserializationError: 'skip'", async () => {
      const topic = await seeded(['x', 'a', 'b x', 'c', 'x'], 2)
      const records = await collect(reading.kafka.iterate(topic, { value: noX, onDeserializationError: 'skip' }))
      expect(records.map(({ value, offset }) => [value, offset])).toEqual([
        ['a', 1],
        ['c', 3],
      ])
    })

    it("leave the bytes by onDeserializationError: 'raw'", async () => {
      const topic = await seeded(['a', 'x'])
      const records = await collect(reading.kafka.iterate(topic, { value: noX, onDeserializationError: 'raw' }))
      expect(records.map(({ value }) => value)).toEqual(['a', Buffer.from('x')])
    })

    it('may give undefined, which is not the bytes', async () => {
      const topic = await seeded(['a'])
      const value: Deserializer<undefined> = { deserialize: () => undefined }
      const [record] = await collect(reading.kafka.iterate(topic, { value }))
      expect(record!.value).toBeUndefined()
    })

    it('read again by nobody: what they gave is the same object each time', async () => {
      await reading.broker.seed('typed-once', [{ n: 1 }])
      const [record] = await collect(reading.kafka.iterate('typed-once', { value: json() }))
      expect(record!.value).toBe(record!.value)
    })
  })

  describe('records', () => {
    it('stay readable and equal long after their batch is gone', async () => {
      const values = Array.from({ length: 4_000 }, (_, i) => Buffer.alloc(700, i % 251))
      const topic = name()
      await reading.broker.seed(topic, values, { batchRecords: 300 })
      const small = reading.client({ bufferBytes: 1_048_576 })
      const kept = await collect(small.iterate(topic))
      await collect(small.iterate(topic))
      expect(kept.every(({ value }, i) => values[i]!.equals(value!))).toBe(true)
      await small.close()
      expect(kept.every(({ value }, i) => values[i]!.equals(value!))).toBe(true)
    })

    it('give null for null, empty for empty, and all headers', async () => {
      const headers = [
        ['a', '1'],
        ['b', null],
        ['a', '2'],
        ['', ''],
      ] as const
      const topic = await seeded([
        { key: null, value: null },
        { key: '', value: '' },
        { key: 'k', value: null, headers },
      ])
      const [nulls, empties, tombstone] = await collect(reading.kafka.iterate(topic))
      expect([nulls!.key, nulls!.value, nulls!.isTombstone]).toEqual([null, null, false])
      expect([empties!.key, empties!.value, empties!.isTombstone]).toEqual([Buffer.alloc(0), Buffer.alloc(0), false])
      expect(tombstone!.isTombstone).toBe(true)
      expect([...tombstone!.headers].map(([header, value]) => [header, value === null ? null : String(value)])).toEqual(
        headers,
      )
      expect(String(tombstone!.headers.get('a'))).toBe('2')
      expect(tombstone!.headers.getAll('a').map(String)).toEqual(['1', '2'])
      expect([tombstone!.headers.has('b'), tombstone!.headers.has('c'), tombstone!.headers.size]).toEqual([
        true,
        false,
        4,
      ])
      expect(tombstone!.headers.get('c')).toBeUndefined()
    })
  })

  describe('batches', () => {
    it('show offsets, times and lengths without an object a record', async () => {
      const topic = name()
      const items = Array.from({ length: 5 }, (_, i) => ({
        key: i % 2 ? 'k' : null,
        value: 'v'.repeat(i),
        timestamp: 100 + i,
      }))
      reading.broker.createTopic(topic)
      await reading.broker.seed(topic, items)
      for await (const batch of reading.kafka.iterate(topic).batches()) {
        expect([batch.topic, batch.partition, batch.count]).toEqual([topic, 0, 5])
        expect([batch.baseOffset, batch.lastOffset, batch.nextOffset, batch.highWatermark]).toEqual([0, 4, 5, 5])
        const all = Array.from({ length: 5 }, (_, i) => i)
        expect(all.map((i) => batch.offsetAt(i))).toEqual([0, 1, 2, 3, 4])
        expect(all.map((i) => batch.timestampAt(i))).toEqual([100, 101, 102, 103, 104])
        expect(all.map((i) => batch.valueLength(i))).toEqual([0, 1, 2, 3, 4])
        expect(all.map((i) => batch.keyLength(i))).toEqual([-1, 1, -1, 1, -1])
        expect(all.map((i) => batch.withValue(i, String))).toEqual(['', 'v', 'vv', 'vvv', 'vvvv'])
        expect(all.map((i) => batch.withKey(i, (key) => key && String(key)))).toEqual([null, 'k', null, 'k', null])
        expect([...batch].map(({ offset }) => offset)).toEqual([0, 1, 2, 3, 4])
      }
    })

    // One that main copies on arrival, and one that stays in shared memory.
    it.each([
      ['small', 30],
      ['large', 100_000],
    ])('what withValue returns is a copy: %s', async (_, size) => {
      const topic = await seeded([Buffer.alloc(size, 7)])
      for await (const batch of reading.kafka.iterate(topic).batches()) {
        let lent: Buffer | null = null
        const whole = batch.withValue(0, (value) => {
          lent = value
          return value
        })!
        const part = batch.withValue(0, (value) => value!.subarray(2, 9))
        const words = batch.withValue(0, (value) => new DataView(value!.buffer, value!.byteOffset, 8))
        expect(lent!.buffer).not.toBe(whole.buffer)
        expect([whole.length, part.length, words.byteLength]).toEqual([size, 7, 8])
        expect(Buffer.isBuffer(whole)).toBe(true)
        expect(words).toBeInstanceOf(DataView)
        lent!.fill(9)
        expect([whole[0], part[0], words.getUint8(0)]).toEqual([7, 7, 7])
      }
    })

    it.each([
      ['small', 30],
      ['large', 100_000],
    ])('are released by the loop, and refuse every access to bytes afterwards: %s', async (_, size) => {
      const topic = await seeded([Buffer.alloc(size, 1), Buffer.alloc(size, 2)], 1)
      const kept: Awaited<ReturnType<typeof first>>[] = []
      const first = async () => (await collect(reading.kafka.iterate(topic).batches(), 1))[0]!
      kept.push(await first())
      for await (const batch of reading.kafka.iterate(topic).batches()) {
        expect(kept.every(({ released }) => released)).toBe(true)
        kept.push(batch)
      }
      expect(kept).toHaveLength(3)
      for (const batch of kept) {
        const uses = [
          () => batch.offsetAt(0),
          () => batch.timestampAt(0),
          () => batch.valueLength(0),
          () => batch.withValue(0, String),
          () => batch.withKey(0, String),
          () => batch.recordAt(0),
          () => batch.headersAt(0),
          () => [...batch],
        ]
        for (const use of uses) expect(use).toThrow(BatchReleased)
        expect([batch.topic, batch.partition, batch.count]).toEqual([topic, 0, 1])
        expect(batch.lastOffset).toBe(batch.baseOffset)
        batch.release()
      }
    })

    it('say how many records they have to whoever asks for another', async () => {
      const topic = await seeded(letters(3))
      for await (const batch of reading.kafka.iterate(topic).batches()) {
        for (const use of [() => batch.offsetAt(3), () => batch.withValue(-1, String), () => batch.recordAt(99_999)]) {
          expect(use).toThrow(expect.objectContaining({ name: 'InvalidOption', code: 'NO_SUCH_RECORD', topic }))
          expect(use).toThrow(/it has 3, numbered from 0/)
        }
      }
    })

    it('asked for twice at once are both released by the next call', async () => {
      const topic = await seeded(letters(3), 1)
      const batches = reading.kafka.iterate(topic).batches()
      const both = (await Promise.all([batches.next(), batches.next()])).map(({ value }) => value!)
      expect(both.map(({ baseOffset }) => baseOffset)).toEqual([0, 1])
      await batches.next()
      expect(both.map(({ released }) => released)).toEqual([true, true])
      await batches.return!()
    })

    it('records taken from a batch own their bytes', async () => {
      const topic = await seeded([Buffer.alloc(100_000, 5)])
      const kept: Buffer[] = []
      for await (const batch of reading.kafka.iterate(topic).batches()) kept.push(batch.recordAt(0).value!)
      expect(kept[0]!.equals(Buffer.alloc(100_000, 5))).toBe(true)
    })
  })

  it('stats count what was given', async () => {
    const source = reading.kafka.iterate(await seeded(letters(10), 5))
    const unknown = { p50: undefined, p90: undefined, p99: undefined, max: undefined }
    const before = source.stats()
    expect(before).toMatchObject({ records: 0, batches: 0, recordsPerSecond: undefined, engine: undefined })
    for (const stage of Object.values(before.latencyMs)) expect(stage).toEqual(unknown)
    await collect(source)
    const stats = source.stats()
    expect(stats).toMatchObject({ records: 10, batches: 2 })
    expect(stats.bytes).toBeGreaterThan(70)
    for (const stage of ['fetch', 'queue', 'decode', 'process', 'endToEnd'] as const) {
      expect(stats.latencyMs[stage].max, stage).toBeGreaterThanOrEqual(0)
    }
    expect(stats.latencyMs.commit).toEqual(unknown)
    expect(stats.recordsPerSecond).toBeGreaterThan(0)
    expect(stats.engine!.ringFill).toEqual({ toWorkers: 0, toMain: 0 })
    expect(stats.engine!.bufferBytes).toBeGreaterThan(0)
  })
})
