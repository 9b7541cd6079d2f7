// What `kafka.table` promises, on the embedded broker and on a real Kafka, on threads and inline. [test process]
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { json, type Kafka, string } from '../../src/index.ts'
import { onEveryGround, type SceneRecord } from '../support/grounds.ts'

let names = 0

onEveryGround('table', (ground) => {
  test('all that is there is in it when it is ready, tombstones applied, typed; then it follows', async () => {
    const kafka = ground.kafka()
    const topic = await compacted(kafka, 3)
    await ground.produce(topic, [
      { partition: 0, key: 'a', value: '{"n":1}' },
      { partition: 1, key: 'b', value: '{"n":2}' },
      { partition: 0, key: 'a', value: '{"n":3}' },
      { partition: 1, key: 'b', value: null },
    ])
    await using table = kafka.table(topic, { key: string(), value: json<{ n: number }>() })
    await table.ready
    expect(Object.fromEntries(table)).toEqual({ a: { n: 3 } })
    expect(table.isCaughtUp).toBe(true)
    expect(table.metrics).toEqual({ records: 4, tombstones: 1, keyless: 0 })
    await ground.produce(topic, [
      { partition: 2, key: 'c', value: '{"n":4}' },
      { partition: 0, key: 'a', value: null },
    ])
    await until(() => table.metrics.records === 6)
    expect(Object.fromEntries(table)).toEqual({ c: { n: 4 } })
    await until(() => table.isCaughtUp)
  })

  test('an empty topic is ready at once; keys are bytes without a deserializer', async () => {
    const kafka = ground.kafka()
    const topic = await compacted(kafka, 2)
    await using table = kafka.table(topic)
    await table.ready
    expect([table.size, table.isCaughtUp]).toEqual([0, true])
    await ground.produce(topic, [{ key: 'k', value: 'v', partition: 1 }])
    await until(() => table.has('k'))
    expect(table.get(Buffer.from('k'))).toEqual(Buffer.from('v'))
  })

  test('changes come in order from the call on, to each loop that asks', async () => {
    const kafka = ground.kafka()
    const topic = await compacted(kafka, 1)
    await ground.produce(topic, [{ key: 'old', value: '0' }])
    const table = kafka.table(topic, { key: string(), value: string() })
    await table.ready
    const [one, other] = [table.changes(), table.changes()]
    await ground.produce(topic, [
      { key: 'a', value: '1' },
      { key: 'old', value: null },
      { key: 'a', value: '2' },
    ])
    const seen = []
    for await (const { type, key, value, previous, offset, partition } of one) {
      seen.push([type, key, value, previous, offset, partition])
      if (seen.length === 3) break
    }
    expect(seen).toEqual([
      ['insert', 'a', '1', undefined, 1, 0],
      ['delete', 'old', null, '0', 2, 0],
      ['update', 'a', '2', '1', 3, 0],
    ])
    expect((await other.next()).value).toMatchObject({ type: 'insert', key: 'a' })
    await table.close()
    const rest = []
    for await (const { type } of other) rest.push(type)
    expect(rest).toEqual(['delete', 'update'])
    expect(table.get('a')).toBe('2')
  })

  test('a topic that is not there: ready rejects, and so does a loop', async () => {
    const kafka = ground.kafka()
    const table = kafka.table('no-such-table')
    const changes = table.changes()
    await expect(table.ready).rejects.toMatchObject({ name: 'TopicNotFound', topic: 'no-such-table' })
    await expect(changes.next()).rejects.toMatchObject({ name: 'TopicNotFound' })
    expect([table.isCaughtUp, (table.error as Error).name]).toEqual([false, 'TopicNotFound'])
    await table.close()
  })

  test('it ends with the client, quietly', async () => {
    const kafka = ground.kafka()
    const table = kafka.table(await compacted(kafka, 1))
    await table.ready
    const changes = table.changes()
    await kafka.close()
    expect(await changes.next()).toEqual({ done: true, value: undefined })
    expect(table.isCaughtUp).toBe(false)
  })

  test('from a consumer: other topics are left out, and the consumer stays the user’s', async () => {
    const kafka = ground.kafka()
    const [topic, beside] = [await compacted(kafka, 2), await ground.topic('beside')]
    await ground.produce(topic, [
      { partition: 0, key: 'a', value: '1' },
      { partition: 1, key: 'b', value: '2' },
    ])
    await ground.produce(beside, [{ key: 'a', value: 'not this' }])
    const consumer = kafka.consumer({ autoOffsetReset: 'earliest', key: string(), value: string() })
    consumer.assign([0, 1].map((partition) => ({ topic, partition })).concat({ topic: beside, partition: 0 }))
    const table = kafka.table(topic, { consumer })
    await table.ready
    expect(Object.fromEntries(table)).toEqual({ a: '1', b: '2' })
    expect(table.consumer).toBe(consumer)
    await ground.produce(topic, [{ partition: 1, key: 'b', value: null }])
    await until(() => table.size === 1)
    await until(() => table.isCaughtUp)
    await table.close()
    expect(consumer.assignment()).toHaveLength(3)
  })

  test('partitions that are added to the topic are in the table as well', async () => {
    const kafka = ground.kafka({ metadataMaxAgeMs: 200 })
    const topic = await compacted(kafka, 1)
    await ground.produce(topic, [{ partition: 0, key: 'a', value: '1' }])
    await using table = kafka.table(topic, { key: string(), value: string() })
    await table.ready
    for (const partitions of [2, 4]) {
      await kafka.admin.createPartitions([{ topic, partitions }])
      const added = partitions - 1
      await ground.produce(topic, [
        { partition: added, key: `new ${added}`, value: '1' },
        { partition: 0, key: 'a', value: `with ${partitions}` },
      ])
      await until(() => table.has(`new ${added}`) && table.get('a') === `with ${partitions}`)
      await ground.produce(topic, [
        { partition: added, key: `new ${added}`, value: '2' },
        { partition: 0, key: 'b', value: `with ${partitions}` },
      ])
      await until(() => table.get(`new ${added}`) === '2' && table.get('b') === `with ${partitions}`)
      await until(() => table.isCaughtUp)
    }
    expect(table.metrics).toEqual({ records: 9, tombstones: 0, keyless: 0 })
  })

  test('written at random while it is read, with tables that come and go: in the end what a Map has', async () => {
    const seed = Number(process.env['MILLRACE_SEED'] ?? 77_001)
    console.info(`seed ${seed}`)
    const random = seededRandom(seed)
    const below = (limit: number) => Math.floor(random.next() * limit)
    const kafka = ground.kafka()
    const topic = await compacted(kafka, 4)
    const model = new Map<string, string>()
    const tables = [kafka.table(topic, { key: string(), value: string() })]
    const replays = tables.map(() => new Map<string, string>())
    const follow = (at: number) =>
      tables[at]!.onChange(({ type, key, value }) => {
        if (type === 'delete') replays[at]!.delete(key)
        else replays[at]!.set(key, value!)
      })
    follow(0)
    for (let round = 0; round < 12; round++) {
      const records = Array.from({ length: 1 + below(150) }, (): SceneRecord => {
        const number = below(80)
        const value = below(4) === 0 ? null : `${round}-${below(1_000_000)}`
        const key = `key-${number}`
        if (value === null) model.delete(key)
        else model.set(key, value)
        return { partition: number % 4, key, value }
      })
      await ground.produce(topic, records)
      if (below(3) === 0) {
        tables.push(kafka.table(topic, { key: string(), value: string() }))
        replays.push(new Map())
        follow(tables.length - 1)
      }
      if (below(4) === 0) await tables[below(tables.length)]!.ready
    }
    const wanted = [...model].sort()
    for (const [at, table] of tables.entries()) {
      await table.ready
      await until(() => table.isCaughtUp && same([...table].sort(), wanted))
      expect([...table].sort()).toEqual(wanted)
      expect([...replays[at]!].sort()).toEqual(wanted)
    }
    expect(tables.every((table) => table.equals(tables[0]!))).toBe(true)
    await Promise.all(tables.map((table) => table.close()))
  })
})

async function compacted(kafka: Kafka, partitions: number): Promise<string> {
  const topic = `table-${process.pid}-${Date.now()}-${names++}`
  await kafka.admin.createTopics([{ topic, partitions, configs: { 'cleanup.policy': 'compact' } }])
  return topic
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)

/** Bounded by the test's own limit. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await sleep(10)
}
