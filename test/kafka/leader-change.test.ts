// A broker dies while its partitions are read, and comes back: no record is lost, doubled or out of order.
// [test process]
import { expect, test } from 'vitest'
import { type ConsumerRecord, Kafka } from '../../src/index.ts'
import { ownKafkaDescribe } from '../support/kafka-describe.ts'

const partitions = 6
const rounds = 12

ownKafkaDescribe('three real brokers', { brokers: 3 }, (kafka, cluster) => {
  test.each([{}, { threads: 'inline' as const }])(
    'a reader goes on through leader changes %o',
    async (options) => {
      const topic = await kafka.topic('moving', {
        partitions,
        replicationFactor: 3,
        configs: { 'min.insync.replicas': 2 },
      })
      const client = new Kafka({ brokers: kafka.brokers, ...options })
      const source = client.iterate(topic, { until: 'never', idleMs: 200 })
      const read: [partition: number, offset: number, value: string][] = []
      const expected = rounds * partitions * 10
      const reading = (async () => {
        for await (const record of source as AsyncIterable<ConsumerRecord | undefined>) {
          if (record !== undefined) read.push([record.partition, record.offset, String(record.value)])
          if (read.length === expected) source.stop()
        }
      })()
      for (let round = 0; round < rounds; round++) {
        const records = Array.from({ length: partitions * 10 }, (_, i) => ({
          partition: i % partitions,
          value: `${round} ${i}`,
        }))
        await kafka.java.produce(topic, records, { acks: 'all', 'enable.idempotence': 'true' })
        if (round % 4 === 1) await cluster().kill((round >> 2) % 3)
        if (round % 4 === 3) await cluster().restart((round >> 2) % 3)
      }
      await reading
      await client.close()
      const theirs = await kafka.java.consume(topic)
      expect(read).toHaveLength(expected)
      for (let partition = 0; partition < partitions; partition++) {
        const ours = read.filter(([from]) => from === partition)
        const java = theirs.filter((record) => record.partition === partition)
        expect(ours).toEqual(java.map(({ offset, value }) => [partition, offset, String(value)]))
      }
    },
    180_000,
  )
})
