// What a consumer's functions and streams mark as processed, on the embedded broker and on a real Kafka.
// [test process]
import { once } from 'node:events'
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { expect, test } from 'vitest'
import type { Consumer, ConsumerRecord } from '../../src/index.ts'
import { type Ground, onEveryGround } from '../support/grounds.ts'

onEveryGround('record flows', (ground) => {
  test('take processes exactly so many, and the consumer goes on behind them', async () => {
    const { consumer, committed } = await filled(ground, 20)
    const values = await consumer
      .filter(({ offset }) => offset % 2 === 0)
      .map(({ value }) => String(value))
      .take(3)
      .toArray()
    expect(values).toEqual(['v0', 'v2', 'v4'])
    expect(await committed()).toBe(5)
    expect((await consumer.first())?.offset).toBe(5)
    expect(await committed()).toBe(6)
    expect((await consumer.find(({ offset }) => offset === 10))?.offset).toBe(10)
    expect(await consumer.drop(2).take(2).toArray()).toMatchObject([{ offset: 13 }, { offset: 14 }])
    expect((await consumer.recv()).offset).toBe(15)
    expect(await committed()).toBe(15)
  })

  test('map with concurrency processes what fulfilled, hands back what nobody saw, and loses nothing', async () => {
    const { consumer, committed } = await filled(ground, 40)
    const seen: number[] = []
    const work = async ({ offset }: ConsumerRecord) => {
      await new Promise((resolve) => setTimeout(resolve, (offset * 7) % 5))
      seen.push(offset)
      return offset
    }
    const first = await consumer.map(work, { concurrency: 8 }).take(10).toArray()
    expect(first).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
    const floor = (await committed()) ?? 0
    expect(floor).toBe(seen.length)
    while (seen.length < 40) seen.push((await consumer.recv()).offset)
    expect(seen.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, i) => i))
  })

  test('streams process a record when the one after it is taken; a pipe waits for ack', async () => {
    const { consumer, committed } = await filled(ground, 20)
    for await (const record of consumer.toReadable() as AsyncIterable<ConsumerRecord>) {
      if (record.offset === 4) break
    }
    expect(await committed()).toBe(4)
    const reader = consumer.toWeb().getReader()
    expect((await reader.read()).value).toMatchObject({ offset: 5 })
    expect(await committed()).toBe(5)
    expect((await reader.read()).value).toMatchObject({ offset: 6 })
    expect(await committed()).toBe(6)
    await reader.cancel()
    const written: ConsumerRecord[] = []
    const sink = new Writable({
      objectMode: true,
      write(record: ConsumerRecord, _, done) {
        written.push(record)
        if (record.offset === 19) sink.emit('all')
        done()
      },
    })
    const source = consumer.toReadable()
    const piping = pipeline(source, sink).catch(() => 'stopped')
    await once(sink, 'all')
    source.destroy(new Error('enough'))
    expect(await piping).toBe('stopped')
    expect(written.map(({ offset }) => offset)).toEqual([7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19])
    expect(await committed()).toBe(7)
    for (const record of written) record.ack()
    expect(await committed()).toBe(20)
  })

  test('nothing that was read ahead is given after a seek', async () => {
    const { consumer, topic } = await filled(ground, 20)
    for await (const _ of consumer.toReadable()) break
    await consumer.seek({ topic, partition: 0 }, 10)
    expect(await consumer.take(2).toArray()).toMatchObject([{ offset: 10 }, { offset: 11 }])
  })
})

/** A topic of one partition, a consumer of it, and what its group has committed once the floor is. */
async function filled(ground: Ground, records: number) {
  const topic = await ground.topic('flows')
  await ground.produce(
    topic,
    Array.from({ length: records }, (_, i) => ({ value: `v${i}` })),
  )
  const consumer: Consumer = ground.kafka().consumer({ groupId: topic, autoOffsetReset: 'earliest', autoCommit: false })
  consumer.assign([{ topic, partition: 0 }])
  const committed = async () => {
    await consumer.commit()
    return (await consumer.committed())[0]!.offset
  }
  return { topic, consumer, committed }
}
