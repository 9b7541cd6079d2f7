// What only the embedded broker can play for a table: compaction's holes, markers, slow loops, failures. [test process]
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test, vi } from 'vitest'
import { int32, json, Kafka, string } from '../../src/index.ts'
import { inlineKafka } from '../support/inline-kafka.ts'

const given = inlineKafka()
const WAIT = { timeout: 10_000, interval: 10 }

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

test('an onError that throws ends nothing else: the process is warned', async () => {
  given.broker.createTopic('thrown', { partitions: 1 })
  const warned: string[] = []
  const warn = (warning: Error) => warned.push(warning.message)
  process.on('warning', warn)
  const onError = () => {
    throw new Error('not today')
  }
  const table = given.kafka.table('thrown', { value: json(), onError })
  await table.ready
  await given.broker.seed('thrown', [{ key: 'b', value: '{' }])
  await expect.poll(() => warned, WAIT).toContain('onError of a table threw: not today')
  process.off('warning', warn)
  expect(table.error).toMatchObject({ code: 'DESERIALIZATION_FAILED' })
  await table.close()
})

describe('partitions that are added', () => {
  /** A table of one partition that is ready, and a second partition of which nobody can say where it begins. */
  async function unreadable(topic: string, errorCode: number) {
    given.broker.createTopic(topic, { partitions: 1 })
    const client = { metadataMaxAgeMs: 100, defaultApiTimeoutMs: 300, threads: 'inline' } as const
    const kafka = new Kafka({ brokers: given.broker.addresses, ...client })
    const heard: unknown[] = []
    const onError = (error: unknown) => void heard.push(error)
    const table = kafka.table(topic, { key: string(), value: string(), onError })
    await table.ready
    let refused = 0
    const mend = given.broker.fail('ListOffsets', errorCode, {
      times: Number.POSITIVE_INFINITY,
      when: ({ topics }) => {
        const asked = topics.some(({ name, partitions }) => {
          return name === topic && partitions.some(({ partitionIndex }) => partitionIndex === 1)
        })
        if (asked) refused++
        return asked
      },
    })
    await kafka.admin.createPartitions([{ topic, partitions: 2 }])
    await given.broker.seed(topic, [{ partition: 1, key: 'new', value: '1' }])
    return { kafka, table, heard, mend, refused: () => refused }
  }

  test('and cannot be read for a while are read then; the others are read on meanwhile', async () => {
    const { kafka, table, heard, mend, refused } = await unreadable('added', 6)
    await vi.waitFor(() => expect(table.isCaughtUp).toBe(false), WAIT)
    await given.broker.seed('added', [{ partition: 0, key: 'a', value: '1' }])
    await vi.waitFor(() => expect(table.get('a')).toBe('1'), WAIT)
    // Some of its calls have given up at their limit by then.
    await sleep(1_000)
    const before = refused()
    await vi.waitFor(() => expect(refused()).toBeGreaterThan(before), WAIT)
    expect([table.has('new'), table.isCaughtUp, table.error]).toEqual([false, false, undefined])
    mend()
    await vi.waitFor(() => expect([table.get('new'), table.isCaughtUp]).toEqual(['1', true]), WAIT)
    await given.broker.seed('added', [
      { partition: 0, key: 'a', value: '2' },
      { partition: 1, key: 'new', value: '2' },
    ])
    await vi.waitFor(() => expect(Object.fromEntries(table)).toEqual({ a: '2', new: '2' }), WAIT)
    expect([heard, table.metrics.records]).toEqual([[], 4])
    await kafka.close()
  })

  test('and may not be read end it, with the error that says so', async () => {
    const { kafka, table, heard, mend } = await unreadable('denied', 29)
    await vi.waitFor(() => expect(heard).toHaveLength(1), WAIT)
    expect(table.error).toMatchObject({ name: 'Unauthorized', topic: 'denied', partition: 1 })
    mend()
    await kafka.close()
  })

  test('and are looked for do not keep it from being closed', async () => {
    const { kafka, table, heard, mend, refused } = await unreadable('closed', 6)
    await vi.waitFor(() => expect(refused()).toBeGreaterThan(0), WAIT)
    await table.close()
    expect([heard, table.isCaughtUp]).toEqual([[], false])
    mend()
    await kafka.close()
  })
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
