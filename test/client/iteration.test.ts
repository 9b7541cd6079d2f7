// Reading topics without a group: what is read, where it ends, how it is left, on threads and inline. [test]
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { encodeBatch } from '../../src/record/encode.ts'
import { batchOf, collect, modes, Reading, within } from '../support/reading.ts'

const text = (record: { value: Buffer | null }) => String(record.value)
const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, i) => String(from + i))

describe.each(modes)('with threads: %s', (mode) => {
  let reading: Reading
  let topics = 0
  const name = () => `topic-${mode}-${++topics}`
  beforeAll(async () => {
    reading = await Reading.start(mode, { decodeWorkers: 2 })
  })
  afterAll(() => reading[Symbol.asyncDispose]())

  /** A topic with so many records in each of its partitions: `0-0`, `0-1`, … */
  async function seeded(partitions: number, records: number, batchRecords = 7): Promise<string> {
    const topic = name()
    reading.broker.createTopic(topic, { partitions })
    const items = Array.from({ length: partitions * records }, (_, i) => {
      const partition = i % partitions
      return { value: `${partition}-${Math.floor(i / partitions)}`, partition, timestamp: 1_000_000 + i }
    })
    await reading.broker.seed(topic, items, { batchRecords })
    return topic
  }

  describe('what is read', () => {
    it('a topic from its beginning to its end, each partition in order', async () => {
      const topic = await seeded(3, 50)
      const records = await collect(reading.kafka.iterate(topic))
      expect(records).toHaveLength(150)
      for (let partition = 0; partition < 3; partition++) {
        const own = records.filter((record) => record.partition === partition)
        expect(own.map(({ offset }) => offset)).toEqual(Array.from({ length: 50 }, (_, i) => i))
        expect(own.map(text)).toEqual(numbers(50).map((i) => `${partition}-${i}`))
        expect(own.every((record) => record.topic === topic)).toBe(true)
      }
    })

    it('a list of topics, each once', async () => {
      const [one, two] = [await seeded(1, 5), await seeded(2, 5)]
      const records = await collect(reading.kafka.iterate([one, two, one]))
      expect(records).toHaveLength(15)
      expect(new Set(records.map(({ topic }) => topic))).toEqual(new Set([one, two]))
    })

    it('topics with settings of their own', async () => {
      const [one, two] = [await seeded(2, 10), await seeded(1, 10)]
      const records = await collect(reading.kafka.iterate({ [one]: { from: -2 }, [two]: { from: 7 } }))
      expect(
        records
          .filter(({ topic }) => topic === one)
          .map(text)
          .sort(),
      ).toEqual(['0-8', '0-9', '1-8', '1-9'])
      expect(records.filter(({ topic }) => topic === two).map(text)).toEqual(['0-7', '0-8', '0-9'])
    })

    it('chosen partitions, from starts of their own', async () => {
      const topic = await seeded(5, 10)
      const chosen = { partitions: { 0: 'earliest', 2: 8, 3: -1, 4: 'latest' } } as const
      const records = await collect(reading.kafka.iterate({ [topic]: chosen }))
      const count = (partition: number) => records.filter((record) => record.partition === partition).length
      expect([0, 1, 2, 3, 4].map(count)).toEqual([10, 0, 2, 1, 0])
      expect(await collect(reading.kafka.iterate({ [topic]: { from: 9, partitions: [1, 3] } }))).toHaveLength(2)
    })

    it('from a point in time: the first record at or after it, nothing when none is as late', async () => {
      const topic = await seeded(1, 40, 9)
      const from = new Date(1_000_000 + 13)
      expect((await collect(reading.kafka.iterate({ [topic]: { from } }))).map(({ offset }) => offset)[0]).toBe(13)
      expect(await collect(reading.kafka.iterate({ [topic]: { from: new Date(9_000_000) } }))).toEqual([])
      expect(await collect(reading.kafka.iterate({ [topic]: { from: new Date(0) } }))).toHaveLength(40)
    })

    it('an offset outside the log means the nearer end of it', async () => {
      const topic = await seeded(1, 20)
      reading.broker.deleteRecords(topic, 0, 7)
      expect((await collect(reading.kafka.iterate({ [topic]: { from: 2 } })))[0]?.offset).toBe(7)
      expect(await collect(reading.kafka.iterate({ [topic]: { from: 1_000 } }))).toEqual([])
      expect(await collect(reading.kafka.iterate({ [topic]: { from: -1_000 } }))).toHaveLength(13)
    })

    it('empty topics and empty partitions end at once', async () => {
      const topic = name()
      reading.broker.createTopic(topic, { partitions: 4 })
      expect(await collect(reading.kafka.iterate(topic))).toEqual([])
      await reading.broker.seed(topic, [{ value: 'one', partition: 2 }])
      expect(await collect(reading.kafka.iterate(topic))).toHaveLength(1)
    })

    it('what comes after the start is not read', async () => {
      const topic = await seeded(1, 20, 1)
      const seen: string[] = []
      for await (const record of reading.kafka.iterate(topic)) {
        if (seen.length === 0) await reading.broker.seed(topic, ['later'])
        seen.push(text(record))
      }
      expect(seen).toHaveLength(20)
    })

    it('20,000 batches of one record: more than any ring holds', async () => {
      const topic = await seeded(1, 20_000, 1)
      const records = await within('the loop', 60_000, collect(reading.kafka.iterate(topic)))
      expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: 20_000 }, (_, i) => i))
    })
  })

  describe('transactions and holes', () => {
    const producer = { producerId: 77n, producerEpoch: 1 }
    async function transactional(topic: string, values: string[], outcome: 'commit' | 'abort' | undefined) {
      reading.broker.append(topic, 0, await batchOf(values, { ...producer, transactional: true }))
      if (outcome !== undefined) reading.broker.endTransaction(topic, 0, outcome, producer)
    }
    async function mixed(): Promise<string> {
      const topic = name()
      reading.broker.createTopic(topic)
      await transactional(topic, ['c0', 'c1'], 'commit')
      await transactional(topic, ['a0', 'a1', 'a2'], 'abort')
      reading.broker.append(topic, 0, await batchOf(['p0']))
      await transactional(topic, ['c2'], 'commit')
      await transactional(topic, ['a3'], 'abort')
      return topic
    }

    it('read_committed leaves aborted records out, and ends behind the markers', async () => {
      const topic = await mixed()
      const source = reading.kafka.iterate(topic)
      expect((await within('the loop', 10_000, collect(source))).map(text)).toEqual(['c0', 'c1', 'p0', 'c2'])
      const [position] = await source.positions()
      expect(position!.offset).toBe(reading.broker.describe(topic, 0).endOffset)
    })

    it('read_uncommitted, for one iteration, gives them', async () => {
      const source = reading.kafka.iterate(await mixed(), { isolationLevel: 'read_uncommitted' })
      const all = ['c0', 'c1', 'a0', 'a1', 'a2', 'p0', 'c2', 'a3']
      expect((await collect(source)).map(text)).toEqual(all)
    })

    it('the last N are N records, whatever lies between them', async () => {
      const topic = await mixed()
      for (const [last, expected] of [
        [1, ['c2']],
        [2, ['p0', 'c2']],
        [3, ['c1', 'p0', 'c2']],
        [100, ['c0', 'c1', 'p0', 'c2']],
      ] as const) {
        expect((await collect(reading.kafka.iterate({ [topic]: { from: -last } }))).map(text)).toEqual(expected)
      }
    })

    it('the last N are N records of a compacted log', async () => {
      const topic = name()
      reading.broker.createTopic(topic, { partitions: 2 })
      const record = (value: string, offsetDelta: number) => ({ value: Buffer.from(value), timestamp: 1, offsetDelta })
      // 0: records at 0, 1, 100, 250, 260, 5000 and batches whose ends were removed. 1: nothing but holes at the end.
      const batches: [number, number, Uint8Array | Promise<Uint8Array>][] = [
        [0, 0, encodeBatch([record('a', 0), record('b', 1)], { lastOffsetDelta: 9 })],
        [0, 100, encodeBatch([record('c', 0)], { lastOffsetDelta: 99 })],
        [0, 250, encodeBatch([record('d', 0), record('e', 10)])],
        [0, 400, encodeBatch([], { lastOffsetDelta: 50 })],
        [0, 5_000, encodeBatch([record('f', 0)], { lastOffsetDelta: 2_000 })],
        [1, 0, encodeBatch([record('x', 0), record('y', 1)])],
        [1, 900, encodeBatch([], { lastOffsetDelta: 100 })],
      ]
      for (const [partition, baseOffset, batch] of batches) {
        reading.broker.append(topic, partition, await batch, { baseOffset })
      }
      const read = async (last: number) => {
        const records = await within('the loop', 10_000, collect(reading.kafka.iterate({ [topic]: { from: -last } })))
        return records.map(text).sort()
      }
      expect(await read(1)).toEqual(['f', 'y'])
      expect(await read(2)).toEqual(['e', 'f', 'x', 'y'])
      expect(await read(4)).toEqual(['c', 'd', 'e', 'f', 'x', 'y'])
      expect(await read(50)).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'x', 'y'])
      expect((await collect(reading.kafka.iterate(topic))).map(({ offset }) => offset).sort((a, b) => a - b)).toEqual([
        0, 0, 1, 1, 100, 250, 260, 5_000,
      ])
    })

    it('an open transaction ends the loop before it, and does not hang it', async () => {
      const topic = name()
      reading.broker.createTopic(topic)
      reading.broker.append(topic, 0, await batchOf(['before']))
      await transactional(topic, ['open'], undefined)
      reading.broker.append(topic, 0, await batchOf(['behind']))
      expect((await within('the loop', 10_000, collect(reading.kafka.iterate(topic)))).map(text)).toEqual(['before'])
      const last = reading.kafka.iterate({ [topic]: { from: -1 } })
      expect((await within('the last one', 10_000, collect(last))).map(text)).toEqual(['before'])
    })

    it('control batches of a kind that is not known are passed over', async () => {
      const topic = name()
      reading.broker.createTopic(topic)
      reading.broker.append(topic, 0, await batchOf(['a']))
      const leaderChange = { key: Buffer.from([0, 0, 0, 2]), value: Buffer.alloc(6), timestamp: 1 }
      reading.broker.append(topic, 0, await encodeBatch([leaderChange], { control: true }))
      reading.broker.append(topic, 0, await batchOf(['b']))
      expect((await collect(reading.kafka.iterate(topic))).map(text)).toEqual(['a', 'b'])
    })
  })
})
