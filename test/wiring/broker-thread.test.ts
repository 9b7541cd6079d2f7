// The broker in its own thread does what the one in this thread does.
import { expect, test } from 'vitest'
import { InvalidOption, MillraceError, ThreadDied } from '../../src/base/errors.ts'
import { BrokerThread } from '../../src/wiring/broker-thread.ts'
import { RawClient } from '../broker/raw-client.ts'

test('a broker thread serves what it was told to seed and generate, and ends', async () => {
  const broker = await BrokerThread.start({ partitions: 2, brokers: 1 })
  await broker.createTopic('seeded', { partitions: 1 })
  await broker.seed('seeded', ['a', { key: 'k', value: Buffer.from('b') }])
  const generated = await broker.generate('events', { records: 5000, codec: 'gzip', distinct: 1000 })
  expect(generated.records).toBe(5000)
  const client = await RawClient.connect(broker.address)
  const latest = (name: string, count: number) => ({
    name,
    partitions: Array.from({ length: count }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1 })),
  })
  const { topics } = await client.call('ListOffsets', 7, { topics: [latest('seeded', 1), latest('events', 2)] })
  const ends = topics.map(({ partitions }) => partitions.reduce((sum, { offset }) => sum + offset, 0))
  expect(ends).toEqual([2, 5000])
  expect(broker.busy).toBeGreaterThan(0)
  await Promise.all([broker.close(), broker.close()])
  await client.closed
  await expect(broker.seed('seeded', ['late'])).rejects.toBeInstanceOf(ThreadDied)
})

test('errors of a broker thread arrive with their class', async () => {
  await expect(BrokerThread.start({ partitions: 0 })).rejects.toBeInstanceOf(InvalidOption)
  const broker = await BrokerThread.start()
  await broker.createTopic('once')
  await expect(broker.createTopic('once')).rejects.toSatisfy(
    (error) => error instanceof MillraceError && error.kafkaCode === 36 && /once/.test(error.message),
  )
  await broker.close()
})
