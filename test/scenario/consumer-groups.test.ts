// What a consumer without membership promises, on the embedded broker and on a real Kafka, on threads and inline.
// [test process]
import { expect, test } from 'vitest'
import type { Consumer, ConsumerOptions, Kafka } from '../../src/index.ts'
import { type Ground, onEveryGround } from '../support/grounds.ts'
import { collect } from '../support/reading.ts'

onEveryGround('consumer', (ground) => {
  test('handlers on many records at once, keys in order; the next consumer goes on after the last', async () => {
    const topic = await filled(ground, 'keys', 3, 300)
    const kafka = ground.kafka()
    const seen = new Map<string, number[]>()
    const consumer = consume(kafka, topic, 3)
    await runUntil(consumer, 300, {
      order: 'key',
      concurrency: 16,
      eachRecord: async ({ partition, key, offset }) => {
        const name = `${partition}/${key}`
        seen.set(name, [...(seen.get(name) ?? []), offset])
        await new Promise((resolve) => setTimeout(resolve, offset % 3))
      },
    })
    await consumer.close()
    expect([...seen.values()].flat()).toHaveLength(300)
    for (const offsets of seen.values()) expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
    await ground.produce(topic, [{ partition: 1, value: 'next' }])
    const next = consume(ground.kafka(), topic, 3)
    const record = await next.recv()
    expect([record.partition, record.offset, String(record.value)]).toEqual([1, 100, 'next'])
    expect(await next.committed()).toEqual(
      [0, 1, 2].map((partition) => ({ topic, partition, offset: 100, metadata: '' })),
    )
  })

  test('offsets are committed with metadata, back and forth, and acknowledged out of order', async () => {
    const topic = await filled(ground, 'commits', 1, 20)
    const kafka = ground.kafka()
    const consumer = consume(kafka, topic, 1, { autoCommit: false })
    const records = await some(consumer, 20)
    await records[7]!.commit()
    expect((await consumer.committed())[0]).toMatchObject({ offset: undefined })
    for (const record of records.slice(0, 7)) record.ack()
    await consumer.commit()
    expect((await consumer.committed())[0]).toMatchObject({ offset: 8, metadata: '' })
    await consumer.commit([{ topic, partition: 0, offset: 3, metadata: 'back' }])
    expect((await consumer.committed())[0]).toMatchObject({ offset: 3, metadata: 'back' })
    await consumer.close()
    const again = consume(kafka, topic, 1)
    expect((await again.recv()).offset).toBe(3)
    await again.seek({ topic, partition: 0 }, 15)
    expect((await again.recv()).offset).toBe(15)
  })

  test('asynchronous commits are told in their order, also when they cannot be', async () => {
    const topic = await filled(ground, 'async', 1, 20)
    const consumer = consume(ground.kafka(), topic, 1, { autoCommit: false })
    await some(consumer, 20)
    const told: (number | string)[] = []
    const commits = [5, 9, 500, 7].map((offset) =>
      consumer.commitAsync([{ topic, partition: 0, offset }], (error) => void told.push(error?.code ?? offset)),
    )
    await Promise.all(commits)
    expect(told).toEqual([5, 9, 'COMMIT_AHEAD', 7])
    expect((await consumer.committed())[0]).toMatchObject({ offset: 7 })
    await expect(consumer.commitAsync([{ topic, partition: 1, offset: 0 }])).rejects.toMatchObject({
      code: 'NOT_ASSIGNED',
    })
    await expect(ground.kafka().consumer({ groupId: 'none' }).commitAsync()).rejects.toMatchObject({
      code: 'NOTHING_ASSIGNED',
    })
  })

  test('record.commitAsync acknowledges, commits the floor, and tells callbacks in their order', async () => {
    const topic = await filled(ground, 'record-async', 1, 20)
    const kafka = ground.kafka()
    const consumer = consume(kafka, topic, 1, { autoCommit: false })
    const records = await some(consumer, 20)
    const told: unknown[] = []
    const tell = (error: unknown, { offset }: { offset: number }) => void told.push(error ?? offset)
    await Promise.all([0, 1, 3, 2].map((i) => records[i]!.commitAsync(tell)))
    expect(told).toEqual([0, 1, 3, 2])
    expect((await consumer.committed())[0]).toMatchObject({ offset: 4 })
    await expect(records[4]!.commitAsync()).resolves.toBeUndefined()
    expect((await consumer.committed())[0]).toMatchObject({ offset: 5 })
    const [iterated] = await kafka.iterate(topic).poll()
    const refused: unknown[] = []
    await iterated!.commitAsync((error) => void refused.push(error?.code))
    expect(refused).toEqual(['NOT_CONSUMED'])
    await expect(iterated!.commitAsync()).rejects.toMatchObject({ code: 'NOT_CONSUMED' })
  })

  test('what fails for good goes to the dead letters, and the group goes on behind it', async () => {
    const topic = await filled(ground, 'failing', 1, 10)
    const letters = await ground.topic('letters', 1)
    const kafka = ground.kafka()
    const consumer = consume(kafka, topic, 1)
    await runUntil(consumer, 9, {
      onError: { retries: 1, backoffMs: 1, deadLetter: letters },
      eachRecord: ({ offset }) => {
        if (offset === 4) throw new RangeError('too far')
      },
    })
    expect((await consumer.committed())[0]!.offset).toBe(10)
    const [letter] = await collect(kafka.iterate(letters))
    expect([String(letter!.key), String(letter!.value)]).toEqual(['k4', 'v4'])
    expect(letter!.headers.toJSON()).toEqual([
      ['original-topic', topic],
      ['original-partition', '0'],
      ['original-offset', '4'],
      ['original-timestamp', expect.stringMatching(/^\d+$/)],
      ['error-code', 'RangeError'],
      ['error-message', 'too far'],
      ['attempts', '2'],
    ])
  })
})

function consume(kafka: Kafka, topic: string, partitions: number, options: ConsumerOptions = {}): Consumer {
  const consumer = kafka.consumer({ groupId: `group of ${topic}`, autoOffsetReset: 'earliest', ...options })
  consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition })))
  return consumer
}

async function some(consumer: Consumer, count: number) {
  const records = await consumer.poll({ max: count })
  expect(records).toHaveLength(count)
  return records
}

async function runUntil(
  consumer: Consumer,
  count: number,
  options: Extract<Parameters<Consumer['run']>[0], { eachRecord: unknown }>,
): Promise<void> {
  const stop = new AbortController()
  let calls = 0
  await consumer.run({
    ...options,
    signal: stop.signal,
    eachRecord: async (record, context) => {
      await options.eachRecord(record, context)
      if (++calls === count) stop.abort()
    },
  })
}

/** Keys k0 to k9 round and round, spread over the partitions. */
async function filled(ground: Ground, name: string, partitions: number, count: number): Promise<string> {
  const topic = await ground.topic(name, partitions)
  const records = Array.from({ length: count }, (_, i) => {
    return { partition: i % partitions, key: `k${i % 10}`, value: `v${i}` }
  })
  await ground.produce(topic, records)
  return topic
}
