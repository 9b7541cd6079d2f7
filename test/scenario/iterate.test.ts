// What `kafka.iterate` promises, on the embedded broker and on a real Kafka, on threads and inline. [test process]
import { expect, test } from 'vitest'
import { type ConsumerRecord, string } from '../../src/index.ts'
import { type Ground, onEveryGround, type SceneRecord } from '../support/grounds.ts'

type Row = [partition: number, offset: number, value: string | undefined]

onEveryGround('iterate', (ground) => {
  test('a topic is read from its beginning to its end, every partition in rising offsets', async () => {
    const topic = await filled(ground, 'whole', 3, 300)
    expect(byPartition(await rows(ground.kafka().iterate(topic)))).toEqual(byPartition(expected(3, 300)))
  })

  test('an empty topic and empty partitions end at once', async () => {
    const empty = await ground.topic('empty', 3)
    expect(await rows(ground.kafka().iterate(empty))).toEqual([])
    await ground.produce(empty, [{ partition: 1, value: 'only' }])
    expect(await rows(ground.kafka().iterate(empty))).toEqual([[1, 0, 'only']])
  })

  test('a list of topics, and topics with settings each', async () => {
    const [a, b] = [await filled(ground, 'a', 1, 10), await filled(ground, 'b', 2, 20)]
    const kafka = ground.kafka()
    const both = []
    for await (const record of kafka.iterate([a, b])) both.push(record.topic)
    expect([both.length, both.filter((topic) => topic === a).length]).toEqual([30, 10])
    const some = await rows(kafka.iterate({ [a]: { from: 7 }, [b]: { partitions: { 0: 8, 1: 'latest' } } }))
    expect(some.map(([partition, offset]) => `${partition} ${offset}`).sort()).toEqual([
      '0 7',
      '0 8',
      '0 8',
      '0 9',
      '0 9',
    ])
  })

  test('the last N records of each partition, all where there are fewer', async () => {
    const topic = await ground.topic('last', 3)
    const many = Array.from({ length: 250 }, (_, i) => ({ partition: 0, value: `v${i}` }))
    await ground.produce(topic, [...many, { partition: 1, value: 'one' }])
    const read = await rows(ground.kafka().iterate({ [topic]: { from: -100 } }))
    expect(read.filter(([partition]) => partition === 0).map(([, offset]) => offset)).toEqual(range(150, 250))
    expect(read.filter(([partition]) => partition !== 0)).toEqual([[1, 0, 'one']])
  })

  test('from a date: the first record of that time or later', async () => {
    const topic = await ground.topic('date', 2)
    const begin = Date.UTC(2026, 0, 1)
    // Several calls, so that the date lies inside one batch and before others.
    for (let part = 0; part < 3; part++) {
      const records = range(0, 20).map((i) => ({
        partition: 0,
        value: `v${part * 20 + i}`,
        timestamp: begin + (part * 20 + i) * 1000,
      }))
      await ground.produce(topic, records)
    }
    const kafka = ground.kafka()
    const from = async (ms: number) =>
      (await rows(kafka.iterate({ [topic]: { from: new Date(ms) } }))).map(([, offset]) => offset)
    expect(await from(begin + 25_000)).toEqual(range(25, 60))
    expect(await from(begin + 24_001)).toEqual(range(25, 60))
    expect(await from(0)).toEqual(range(0, 60))
    expect(await from(begin + 3_600_000)).toEqual([])
  })

  test('only the partitions asked for', async () => {
    const topic = await filled(ground, 'chosen', 4, 40)
    const read = await rows(ground.kafka().iterate({ [topic]: { partitions: [1, 3] } }))
    expect(byPartition(read)).toEqual(byPartition(expected(4, 40).filter(([partition]) => partition % 2 === 1)))
  })

  test('records that come after the start are not part of a bounded iteration', async () => {
    const topic = await filled(ground, 'bounded', 1, 100)
    const read: number[] = []
    for await (const record of ground.kafka().iterate(topic)) {
      if (read.length === 0) await ground.produce(topic, [{ partition: 0, value: 'late' }])
      read.push(record.offset)
    }
    expect(read).toEqual(range(0, 100))
  })

  test("until 'never' goes on with what is written later, and tells of idle time", async () => {
    const topic = await filled(ground, 'tail', 1, 5)
    const source = ground.kafka().iterate(topic, { until: 'never', idleMs: 100 })
    const read: number[] = []
    let idle = 0
    for await (const record of source as AsyncIterable<ConsumerRecord | undefined>) {
      if (record !== undefined) read.push(record.offset)
      else if (++idle === 1) await ground.produce(topic, [{ partition: 0, value: 'later' }])
      if (read.length === 6) source.stop()
    }
    expect(read).toEqual(range(0, 6))
    expect(idle).toBeGreaterThan(0)
  })

  test('one partition can be stopped early: the others are read to their ends', async () => {
    const topic = await filled(ground, 'stopped', 2, 2000)
    const source = ground.kafka().iterate(topic, { maxPartitionFetchBytes: 1024 })
    const counts = [0, 0]
    let afterStop = 0
    for await (const record of source) {
      counts[record.partition]!++
      if (record.partition === 0 && counts[0]! > 10) afterStop++
      if (record.partition === 0 && counts[0] === 10) source.stop(topic, 0)
    }
    expect(counts).toEqual([10, 1000])
    expect(afterStop).toBe(0)
  })

  test('a loop that was left can be taken up again where it stopped', async () => {
    const topic = await filled(ground, 'again', 1, 500)
    const source = ground.kafka().iterate(topic)
    const read: number[] = []
    for await (const record of source) {
      read.push(record.offset)
      if (read.length === 123) break
    }
    for await (const record of source) read.push(record.offset)
    expect(read).toEqual(range(0, 500))
  })

  test('a log whose beginning was deleted is read from where it begins now', async () => {
    const topic = await filled(ground, 'cut', 1, 100)
    await ground.deleteRecords(topic, 0, 60)
    const kafka = ground.kafka()
    expect((await rows(kafka.iterate(topic))).map(([, offset]) => offset)).toEqual(range(60, 100))
    expect((await rows(kafka.iterate({ [topic]: { from: -100 } }))).map(([, offset]) => offset)).toEqual(range(60, 100))
  })

  test('many iterations at once in one process', async () => {
    const topic = await filled(ground, 'many', 2, 1000)
    const kafka = ground.kafka()
    const counts = await Promise.all(range(0, 8).map(async () => (await rows(kafka.iterate(topic))).length))
    expect(counts).toEqual(range(0, 8).map(() => 1000))
  })

  test('batches: views that cost no object a record say the same as records', async () => {
    const topic = await filled(ground, 'views', 2, 600)
    const kafka = ground.kafka()
    const views: Row[] = []
    const records: Row[] = []
    for await (const batch of kafka.iterate(topic).batches()) {
      expect([batch.topic, batch.baseOffset, batch.lastOffset]).toEqual([
        topic,
        batch.offsetAt(0),
        batch.offsetAt(batch.count - 1),
      ])
      expect(batch.highWatermark).toBe(300)
      for (let i = 0; i < batch.count; i++) {
        const text = batch.withValue(i, (bytes) => bytes?.toString())
        expect(batch.valueLength(i)).toBe(text?.length)
        views.push([batch.partition, batch.offsetAt(i), text])
      }
      for (const record of batch) records.push(row(record))
    }
    expect(views).toEqual(records)
    expect(byPartition(views)).toEqual(byPartition(expected(2, 600)))
  })

  test('keys, timestamps and headers come with the records', async () => {
    const topic = await ground.topic('parts')
    const headers: [string, string][] = [
      ['a', '1'],
      ['b', '2'],
      ['a', '3'],
    ]
    await ground.produce(topic, [
      { partition: 0, key: 'k', value: 'v', timestamp: 1234, headers },
      { partition: 0, key: 'gone', value: null, timestamp: 1235 },
    ])
    const [full, tombstone] = await all(ground.kafka().iterate(topic))
    expect([full!.key?.toString(), full!.value?.toString(), full!.timestamp]).toEqual(['k', 'v', 1234])
    expect([...full!.headers].map(([name, value]) => [name, value?.toString()])).toEqual(headers)
    expect([full!.isTombstone, tombstone!.isTombstone, tombstone!.value]).toEqual([false, true, null])
  })

  test('values go through a deserializer', async () => {
    const topic = await ground.topic('typed')
    await ground.produce(topic, [{ partition: 0, value: 'text' }])
    const kafka = ground.kafka({ topics: { [topic]: { value: string() } } })
    const [record] = await all(kafka.iterate(topic))
    expect(record!.value).toBe('text')
  })

  test('poll gives at most so many, waits no longer than told, and nothing at the end', async () => {
    const topic = await filled(ground, 'poll', 1, 25)
    const source = ground.kafka().iterate(topic)
    const sizes = []
    for (let i = 0; i < 4; i++) sizes.push((await source.poll({ max: 10 })).length)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(25)
    expect(Math.max(...sizes)).toBe(10)
    expect(await source.poll({ max: 10 })).toEqual([])
  })

  test('as a stream', async () => {
    const topic = await filled(ground, 'stream', 1, 100)
    const offsets = []
    for await (const record of ground.kafka().iterate(topic).toReadable())
      offsets.push((record as ConsumerRecord).offset)
    expect(offsets).toEqual(range(0, 100))
  })

  test('a signal ends it', async () => {
    const topic = await filled(ground, 'signal', 1, 10)
    const controller = new AbortController()
    const read = async () => {
      for await (const record of ground.kafka().iterate(topic, { until: 'never', signal: controller.signal })) {
        if (record.offset === 9) setTimeout(() => controller.abort(new Error('enough')), 50)
      }
    }
    await expect(read()).rejects.toThrow('enough')
  })

  test('a topic or partition that does not exist is a typed error that names it', async () => {
    const topic = await filled(ground, 'there', 1, 1)
    const kafka = ground.kafka()
    await expect(rows(kafka.iterate('not-there'))).rejects.toMatchObject({ name: 'TopicNotFound', topic: 'not-there' })
    const wrong = kafka.iterate({ [topic]: { partitions: [7] } })
    await expect(rows(wrong)).rejects.toMatchObject({ name: 'PartitionNotFound', topic, partition: 7 })
  })
})

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

const expected = (partitions: number, count: number): Row[] =>
  range(0, count).map((i) => [i % partitions, Math.floor(i / partitions), `value ${i}`])

/** A topic with `count` records over its partitions in turn, written in several batches. */
async function filled(ground: Ground, name: string, partitions: number, count: number): Promise<string> {
  const topic = await ground.topic(name, partitions)
  const records: SceneRecord[] = range(0, count).map((i) => ({ partition: i % partitions, value: `value ${i}` }))
  for (let at = 0; at < count; at += 200) await ground.produce(topic, records.slice(at, at + 200))
  return topic
}

async function all(source: AsyncIterable<ConsumerRecord>): Promise<ConsumerRecord[]> {
  const records = []
  for await (const record of source) records.push(record)
  return records
}

const row = (record: ConsumerRecord): Row => [record.partition, record.offset, record.value?.toString()]

const rows = async (source: AsyncIterable<ConsumerRecord>): Promise<Row[]> => (await all(source)).map(row)

/** Partitions may come interleaved in any way; within one the order is kept. */
function byPartition(list: Row[]): Row[][] {
  const groups: Row[][] = []
  for (const one of list) (groups[one[0]] ??= []).push(one)
  return groups
}
