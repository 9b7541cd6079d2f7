// Several ways of reading at once on one consumer: one queue, of which nothing is lost or given twice. Both brokers.
// [test process]
import { expect, test } from 'vitest'
import { ConsumerClosed } from '../../src/index.ts'
import { type Ground, onEveryGround } from '../support/grounds.ts'

const COUNT = 60

onEveryGround('mixed reading', (ground) => {
  test('recv by many at once is served in the order of the calls', async () => {
    const { consumer } = await filled(ground)
    const records = await Promise.all(Array.from({ length: COUNT }, () => consumer.recv()))
    expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: COUNT }, (_, i) => i))
  })

  test('poll beside recv loses and repeats nothing, whatever maxBufferedRecords says', async () => {
    const { consumer } = await filled(ground, { maxBufferedRecords: 1 })
    const offsets: number[] = []
    const receiving = async () => {
      while (offsets.length < COUNT - 10) offsets.push((await consumer.recv()).offset)
    }
    const polling = async () => {
      while (offsets.length < COUNT - 10) {
        for (const { offset } of await consumer.poll({ max: 3, timeoutMs: 5_000 })) offsets.push(offset)
      }
    }
    await Promise.all([receiving(), receiving(), polling()])
    while (offsets.length < COUNT) offsets.push((await consumer.recv()).offset)
    expect(offsets.toSorted((a, b) => a - b)).toEqual(Array.from({ length: COUNT }, (_, i) => i))
  })

  test('toArray and reduce read until the consumer is closed; then recv is refused by a class of its own', async () => {
    const { consumer } = await filled(ground)
    const sum = consumer.reduce((total, { offset }) => {
      if (offset === COUNT - 1) void consumer.close()
      return total + offset
    }, 0)
    expect(await sum).toBe((COUNT * (COUNT - 1)) / 2)
    await expect(consumer.recv()).rejects.toBeInstanceOf(ConsumerClosed)
    const other = (await filled(ground)).consumer
    const all = other.toArray()
    while (other.stats().records < COUNT) await new Promise((resolve) => setTimeout(resolve, 5))
    await other.close()
    const offsets = (await all).map(({ offset }) => offset)
    expect(offsets).toEqual(Array.from({ length: offsets.length }, (_, i) => i))
    expect(offsets.length).toBeGreaterThan(0)
  })
})

async function filled(ground: Ground, options: { maxBufferedRecords?: number } = {}) {
  const topic = await ground.topic('mixed', 1)
  await ground.produce(
    topic,
    Array.from({ length: COUNT }, (_, i) => ({ value: `v${i}` })),
  )
  const consumer = ground.kafka().consumer({ autoOffsetReset: 'earliest', ...options })
  consumer.assign([{ topic, partition: 0 }])
  return { consumer, topic }
}
