// What only the embedded broker can play for a table: compaction's holes, markers, slow loops, failures. [test process]
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { int32, json, Kafka, string } from '../../src/index.ts'
import { inlineKafka } from '../support/inline-kafka.ts'

const given = inlineKafka()

test('a loop that does not take its changes holds the table up, until it takes them or is left', async () => {
  given.broker.createTopic('slow', { partitions: 1 })
  const records = Array.from({ length: 60_000 }, (_, i) => ({ key: `k${i}`, value: String(i) }))
  await given.broker.seed('slow', records)
  await using table = given.kafka.table('slow', { key: string(), value: string(), fetchMaxBytes: 65_536 })
  const changes = table.changes()
  expect((await changes.next()).value).toMatchObject({ key: 'k0' })
  await sleep(300)
  expect(table.size).toBeLessThan(60_000)
  await changes.return!()
  await table.ready
  expect(table.size).toBe(60_000)
})

test('a value that cannot be deserialized ends it after it was ready: onError hears, entries stay', async () => {
  given.broker.createTopic('broken', { partitions: 1 })
  await given.broker.seed('broken', [{ key: 'a', value: '{"n":1}' }])
  const heard: unknown[] = []
  const table = given.kafka.table('broken', { key: string(), value: json(), onError: (error) => heard.push(error) })
  await table.ready
  const changes = table.changes()
  await given.broker.seed('broken', [{ key: 'b', value: '{' }])
  await expect(changes.next()).rejects.toMatchObject({ code: 'DESERIALIZATION_FAILED', offset: 1 })
  expect(await changes.next()).toEqual({ done: true, value: undefined })
  expect([heard.length, table.get('a'), table.isCaughtUp]).toEqual([1, { n: 1 }, false])
  await table.close()
})

test('serdes of the client’s topics are used', async () => {
  given.broker.createTopic('typed', { partitions: 1 })
  await given.broker.seed('typed', [{ key: Buffer.of(0, 0, 0, 7), value: 'seven' }])
  const options = { brokers: given.broker.addresses, threads: 'inline' } as const
  await using typed = new Kafka({ ...options, topics: { typed: { key: int32(), value: string() } } })
  await using table = typed.table('typed')
  await table.ready
  expect([...table]).toEqual([[7, 'seven']])
})

test('wrong options are told at once', () => {
  expect(() => given.kafka.table('')).toThrow(/name of one topic/)
  expect(() => given.kafka.table('t', { fetchMaxByte: 1 } as object)).toThrow(/[Dd]id you mean/)
  expect(() => given.kafka.table('t', { onError: 1 } as object)).toThrow(/onError/)
  const consumer = given.kafka.consumer()
  expect(() => given.kafka.table('t', { consumer, key: string() } as never)).toThrow(/options already/)
})
