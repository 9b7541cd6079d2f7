// Topics that are written to the instant they are made, when their leaders do not know yet that they lead. A producer
// that has several batches under way then stores the second one without the first (KAFKA-15591). [test process]
import { expect, test } from 'vitest'
import { Kafka } from '../../src/index.ts'
import { kafkaDescribe } from '../support/kafka-describe.ts'

const PARTITIONS = [0, 1, 2]
const VALUES = Array.from({ length: 20 }, (_, i) => `${i} `.padEnd(150, '.'))

kafkaDescribe('topics written to the instant they are made', (real) => {
  test('have all of many small batches once and in order', { timeout: 60_000 }, async () => {
    const name = `new-${process.pid}-${Date.now().toString(36)}`
    const topics = Array.from({ length: 100 }, (_, i) => `${name}-${i}`)
    await using kafka = new Kafka({ brokers: real.brokers })
    // One record fills a batch.
    const producer = kafka.producer({ lingerMs: 0, batchBytes: 200, maxInFlight: 5 })
    const places = topics.flatMap((topic) => PARTITIONS.map((partition) => ({ topic, partition })))
    const records = VALUES.flatMap((value) => places.map((place) => ({ ...place, value })))
    await kafka.admin.createTopics(topics.map((topic) => ({ topic, partitions: PARTITIONS.length })))
    await producer.sendBatch(records)
    expect(producer.stats()).toMatchObject({ records: records.length, failed: 0, batches: records.length })
    const read = new Map<string, string[]>(places.map(({ topic, partition }) => [`${topic}/${partition}`, []]))
    for await (const { topic, partition, value } of kafka.iterate(topics)) {
      read.get(`${topic}/${partition}`)!.push(String(value))
    }
    for (const [place, values] of read) expect(values, place).toEqual(VALUES)
    await kafka.admin.deleteTopics(topics)
  })
})
