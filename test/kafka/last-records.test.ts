// `from: -N` gives N records also where offsets are missing: transaction markers, aborted and compacted records.
// [test process]
import { beforeAll, describe, expect, test } from 'vitest'
import { Kafka } from '../../src/index.ts'
import { kafkaDescribe } from '../support/kafka-describe.ts'

const partitions = [0, 1]

kafkaDescribe('the last N records of a real topic with holes', (kafka) => {
  const topics: Record<string, string> = {}

  beforeAll(async () => {
    const transactional = await kafka.topic('last-transactions', { partitions: 2 })
    for (let i = 0; i < 40; i++) {
      const transaction = await kafka.java.transaction()
      const records = partitions.flatMap((partition) => [0, 1, 2].map((n) => ({ partition, value: `${i} ${n}` })))
      await transaction.produce(transactional, records)
      // The newest ones were all aborted: the last records lie well before the end.
      await (i % 3 === 0 || i > 30 ? transaction.abort() : transaction.commit())
    }
    topics['transactions'] = transactional
    topics['compaction'] = await compacted()
  }, 120_000)

  async function compacted(): Promise<string> {
    const configs = { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0.001', 'segment.ms': 100 }
    const topic = await kafka.topic('last-compacted', { partitions: 2, configs })
    for (let round = 0; round < 4; round++) {
      const records = partitions.flatMap((partition) =>
        Array.from({ length: 200 }, (_, i) => ({ partition, key: `${i % (50 + 10 * round)}`, value: `${round} ${i}` })),
      )
      await kafka.java.produce(topic, records)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
    await kafka.java.produce(
      topic,
      partitions.map((partition) => ({ partition, key: 'end', value: 'end' })),
    )
    for (let last = Number.NaN; ; ) {
      const { length } = await kafka.java.consume(topic)
      if (length === last && length < 800) return topic
      last = length
      await new Promise((resolve) => setTimeout(resolve, 1500))
    }
  }

  describe.each(['transactions', 'compaction'])('%s', (holes) => {
    test.each([
      [1, 'read_committed'],
      [7, 'read_committed'],
      [50, 'read_committed'],
      [1_000_000, 'read_committed'],
      [7, 'read_uncommitted'],
      [100, 'read_uncommitted'],
    ] as const)('the last %d, %s', async (count, isolationLevel) => {
      const topic = topics[holes]!
      const theirs = await kafka.java.consume(topic, { 'isolation.level': isolationLevel })
      const client = new Kafka({ brokers: kafka.brokers, isolationLevel })
      try {
        const ours: { partition: number; offset: number; value: string }[] = []
        for await (const { partition, offset, value } of client.iterate({ [topic]: { from: -count } })) {
          ours.push({ partition, offset, value: String(value) })
        }
        for (const partition of partitions) {
          const all = theirs.filter((record) => record.partition === partition)
          const last = all.slice(-count).map(({ offset, value }) => ({ partition, offset, value: String(value) }))
          expect(ours.filter((record) => record.partition === partition)).toEqual(last)
        }
      } finally {
        await client.close()
      }
    })
  })
})
