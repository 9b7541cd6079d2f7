// Batches larger than their topic takes, on both brokers: they go in parts, and nobody notices. [test process]
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { onEveryGround } from '../support/grounds.ts'

const random = seededRandom(11)
const values = Array.from({ length: 300 }, (_, i) => `${i} ${Array.from({ length: 20 }, () => random.next()).join('')}`)

onEveryGround('a topic with a small max.message.bytes', (ground) => {
  test('takes all of a large batch, whatever its codec', { timeout: 60_000 }, async () => {
    const topic = `${await ground.topic('split')}-small`
    const kafka = ground.kafka()
    await kafka.admin.createTopics([{ topic, partitions: 1, configs: { 'max.message.bytes': '10000' } }])
    const offsets: (number | undefined)[] = []
    const producer = kafka.producer()
    const codecs = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const
    for (const compression of codecs) {
      const stored = await producer.sendBatch(topic, values, { compression })
      offsets.push(...stored.map(({ offset }) => offset))
    }
    // Each went at least twice more, in parts.
    expect(producer.stats().retries).toBeGreaterThanOrEqual(2 * codecs.length)
    expect(offsets).toEqual(Array.from({ length: 5 * values.length }, (_, i) => i))
    const read: string[] = []
    for await (const { value } of kafka.iterate(topic)) read.push(String(value))
    expect(read).toEqual(codecs.flatMap(() => values))
  })
})
