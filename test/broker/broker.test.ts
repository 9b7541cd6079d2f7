// What a test does with a broker in its own process: seed, look, move, end.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import {
  InvalidOption,
  type MillraceError,
  PartitionNotFound,
  Serialization,
  TopicNotFound,
} from '../../src/base/errors.ts'
import { Broker } from '../../src/broker/index.ts'
import { partitionOfKey } from '../../src/bytes/murmur2.ts'
import { batchOf } from './batches.ts'
import { RawClient } from './raw-client.ts'

let broker: Broker

beforeEach(async () => {
  broker = await Broker.start()
})

afterEach(async () => {
  await broker.close()
  expect(broker.errors).toEqual([])
})

const values = async (topic: string) => (await broker.messages(topic)).map(({ value }) => value?.toString() ?? null)

describe('seeding', () => {
  test('takes bytes, strings and null as they are, objects and arrays as JSON', async () => {
    await broker.seed('t', ['text', Buffer.from('buffer'), Uint8Array.of(97, 98), null, { a: 1 }, [1, 'two'], 'ü'])
    expect(await values('t')).toEqual(['text', 'buffer', 'ab', null, '{"a":1}', '[1,"two"]', 'ü'])
  })

  test('takes full records, and tells them from values that only look similar', async () => {
    const record = { key: 'k', value: { n: 1 }, timestamp: 123, headers: { a: 'x', b: null } }
    await broker.seed('t', [record, { value: 'v', other: 1 }, { key: 'no value' }, { value: 'bare' }])
    const messages = await broker.messages('t')
    expect(messages[0]).toMatchObject({ topic: 't', partition: 0, offset: 0, timestamp: 123 })
    expect(messages[0]?.key?.toString()).toBe('k')
    expect(messages[0]?.headers.map(([name, value]) => [name, value?.toString() ?? null])).toEqual([
      ['a', 'x'],
      ['b', null],
    ])
    expect(await values('t')).toEqual(['{"n":1}', '{"value":"v","other":1}', '{"key":"no value"}', 'bare'])
  })

  test('keeps duplicate headers that come as pairs', async () => {
    const headers = [
      ['h', '1'],
      ['h', '2'],
    ] as const
    await broker.seed('t', [{ value: 'v', headers }])
    expect((await broker.messages('t'))[0]?.headers.map(([name, value]) => `${name}=${value}`)).toEqual(['h=1', 'h=2'])
  })

  test('puts keys where Java would, the rest one after the other, and named partitions as named', async () => {
    broker.createTopic('t', { partitions: 4 })
    await broker.seed('t', ['a', 'b', 'c', 'd', 'e'])
    await broker.seed('t', [
      { key: 'user-42', value: 'keyed' },
      { value: 'named', partition: 3 },
    ])
    const where = new Map((await broker.messages('t')).map(({ value, partition }) => [value?.toString(), partition]))
    expect(Object.fromEntries(where)).toMatchObject({ a: 0, b: 1, c: 2, d: 3, e: 0, named: 3 })
    expect(where.get('keyed')).toBe(partitionOfKey(Buffer.from('user-42'), 4))
  })

  test('is readable at once, without waiting for the promise', () => {
    void broker.seed('t', ['now'])
    expect(broker.messages('t')).toHaveLength(1)
  })

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const)(
    'with %s keeps order over many batches',
    async (codec) => {
      const lines = Array.from({ length: 2500 }, (_, i) => `line ${i}`)
      await broker.seed('t', lines, { codec, batchRecords: 100 })
      await broker.seed('t', ['last'], { codec })
      expect(await values('t')).toEqual([...lines, 'last'])
    },
  )

  test('takes a 5 MB record, alone in its batch', async () => {
    await broker.seed('t', ['small', Buffer.alloc(5_000_000, 120), 'after'])
    expect((await broker.messages('t')).map(({ value }) => value?.length)).toEqual([5, 5_000_000, 5])
  })

  test('refuses partitions that are not there and values that have no form', async () => {
    await expect(broker.seed('t', [{ value: 'x', partition: 7 }])).rejects.toBeInstanceOf(InvalidOption)
    await expect(broker.seed('t', [42 as never])).rejects.toBeInstanceOf(Serialization)
  })

  test('honours LogAppendTime', async () => {
    broker.createTopic('t', { configs: { 'message.timestamp.type': 'LogAppendTime' } })
    await broker.seed('t', [{ value: 'x', timestamp: 5 }])
    expect((await broker.messages('t'))[0]?.timestamp).toBeGreaterThan(1_700_000_000_000)
  })
})

describe('topics', () => {
  test('are made once, with known settings and sensible counts', () => {
    broker.createTopic('t', { partitions: 3, configs: { 'max.message.bytes': '2000' } })
    const refused = (make: () => void) => {
      try {
        make()
      } catch (error) {
        return (error as MillraceError).kafkaCode
      }
      return undefined
    }
    expect(refused(() => broker.createTopic('t'))).toBe(36)
    expect(refused(() => broker.createTopic('bad name'))).toBe(17)
    expect(refused(() => broker.createTopic('none', { partitions: 0 }))).toBe(37)
    expect(refused(() => broker.createTopic('wide', { replicationFactor: 2 }))).toBe(38)
    expect(refused(() => broker.createTopic('odd', { configs: { 'no.such': '1' } }))).toBe(40)
    expect(broker.topics).toEqual(['t'])
    broker.deleteTopic('t')
    expect(() => broker.messages('t')).toThrow(TopicNotFound)
    // As a client says it that a broker tells so.
    expect(() => broker.messages('t')).toThrow(expect.objectContaining({ code: 'UNKNOWN_TOPIC_OR_PARTITION' }))
  })

  test('that are missing, and partitions, are named in the error', () => {
    broker.createTopic('t')
    expect(() => broker.deleteTopic('absent')).toThrow(/absent/)
    expect(() => broker.describe('t', 1)).toThrow(PartitionNotFound)
  })

  test('lose what is deleted from them', async () => {
    await broker.seed('t', ['a', 'b', 'c', 'd'])
    broker.deleteRecords('t', 0, 2)
    expect(await values('t')).toEqual(['c', 'd'])
    expect(broker.describe('t', 0)).toMatchObject({ startOffset: 2, endOffset: 4 })
  })

  test('take any batch by append, leaving holes where asked', () => {
    broker.createTopic('t')
    expect(broker.append('t', 0, batchOf(2))).toBe(0)
    expect(broker.append('t', 0, batchOf(2), { baseOffset: 10 })).toBe(10)
    expect(() => broker.append('t', 0, new Uint8Array(10))).toThrow(InvalidOption)
  })
})

describe('starting and ending', () => {
  test('options that are wrong or unknown are refused before a port is taken', async () => {
    await expect(Broker.start({ port: 70_000 })).rejects.toBeInstanceOf(InvalidOption)
    await expect(Broker.start({ brokers: 0 })).rejects.toBeInstanceOf(InvalidOption)
    await expect(Broker.start({ prot: 1 } as never)).rejects.toThrow(/no option prot/)
    await expect(Broker.start({ apiVersions: { Nope: [0, 1] } as never })).rejects.toBeInstanceOf(InvalidOption)
  })

  test('a port that is taken rejects, and leaves nothing behind', async () => {
    const port = Number(broker.address.split(':')[1])
    await expect(Broker.start({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  test('several listeners pose as one cluster, and all end together', async () => {
    const cluster = await Broker.start({ brokers: 3 })
    expect(new Set(cluster.addresses).size).toBe(3)
    const clients = await Promise.all(cluster.addresses.map((address) => RawClient.connect(address)))
    const { brokers, controllerId } = await clients[2]!.call('Metadata', 12, { topics: [] })
    expect(brokers.map(({ nodeId, host, port }) => [nodeId, `${host}:${port}`])).toEqual(
      cluster.addresses.map((address, i) => [i + 1, address]),
    )
    expect(controllerId).toBe(1)
    await Promise.all([cluster.close(), cluster.close()])
    await Promise.all(clients.map(({ closed }) => closed))
    await expect(RawClient.connect(cluster.address)).rejects.toThrow(/ECONNREFUSED/)
  })

  test('a moved leader is in the metadata at once', async () => {
    const cluster = await Broker.start({ brokers: 2 })
    cluster.createTopic('t', { partitions: 2 })
    cluster.moveLeader('t', 0, 2)
    const client = await RawClient.connect(cluster.address)
    const { topics } = await client.call('Metadata', 9, { topics: [{ name: 't' }] })
    expect(topics[0]?.partitions.map(({ leaderId, leaderEpoch }) => [leaderId, leaderEpoch])).toEqual([
      [2, 1],
      [2, 0],
    ])
    expect(() => cluster.moveLeader('t', 0, 9)).toThrow(InvalidOption)
    await cluster.close()
  })
})

test('generated events are repeated batches with right offsets, CRCs and counts', async () => {
  broker.createTopic('g', { partitions: 3 })
  const generated = await broker.generate('g', { records: 1234, distinct: 500, batchRecords: 100, codec: 'lz4' })
  expect(generated).toMatchObject({ records: 1234, batches: 13 })
  const messages = await broker.messages('g')
  expect(messages).toHaveLength(1234)
  const bytes = messages.reduce((sum, { value }) => sum + value!.length, 0)
  expect(bytes / 1234).toBeGreaterThan(190)
  expect(bytes / 1234).toBeLessThan(220)
  expect(new Set(messages.map(({ value }) => value!.toString())).size).toBe(500)
  for (const partition of [0, 1, 2]) {
    const offsets = messages.filter((message) => message.partition === partition).map(({ offset }) => offset)
    expect(offsets).toEqual(offsets.map((_, i) => i))
  }
  await expect(broker.generate('g', { records: -1 })).rejects.toBeInstanceOf(InvalidOption)
})
