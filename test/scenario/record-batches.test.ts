// Batches to a count, and records that come within a time, of a consumer. [test process]
import { expect, test } from 'vitest'
import type { Consumer, ConsumerOptions } from '../../src/index.ts'
import { type Ground, onEveryGround } from '../support/grounds.ts'

onEveryGround('batches to a count', (ground) => {
  test('are joined of and cut from what was written, each of one partition, and processed with the next', async () => {
    const { consumer, committed } = await filled(ground, 2, [3, 4, 20])
    const seen = new Map<number, number[]>([
      [0, []],
      [1, []],
    ])
    const counts: number[] = []
    let before: { partition: number; end: number } | undefined
    for await (const batch of consumer.batches({ maxRecords: 9, timeoutMs: 100 })) {
      if (before !== undefined) expect((await committed())[before.partition]).toBe(before.end)
      before = { partition: batch.partition, end: batch.lastOffset + 1 }
      counts.push(batch.count)
      for (const record of batch) seen.get(record.partition)!.push(record.offset)
      if (counts.length === 6) break
    }
    expect(counts.toSorted((a, b) => b - a)).toEqual([9, 9, 9, 9, 9, 9])
    for (const offsets of seen.values()) expect(offsets).toEqual(Array.from({ length: 27 }, (_, i) => i))
  })

  test('are given short when their time is over, and what was not given is given to whoever asks next', async () => {
    const { consumer, committed } = await filled(ground, 1, [5])
    const batches = consumer.batches({ maxRecords: 3, timeoutMs: 50 })
    const first = await batches.next()
    expect(first.value?.count).toBe(3)
    const short = await batches.next()
    expect([short.value?.baseOffset, short.value?.count]).toEqual([3, 2])
    await short.value!.commit()
    expect(await committed()).toEqual([5])
    await batches.return?.()
    const again = await filled(ground, 1, [5])
    for await (const batch of again.consumer.batches({ maxRecords: 2 })) {
      expect(batch.lastOffset).toBe(1)
      break
    }
    expect((await again.consumer.recv()).offset).toBe(2)
  })

  test('with maxBufferedRecords waiting the oldest batch is given short, and nothing is lost', async () => {
    const options = { maxBufferedRecords: 10 }
    const { consumer, topic } = await filled(ground, 4, [5], options)
    const seen = new Map<number, number[]>()
    const sizes: number[] = []
    let left = 4 * 15
    for await (const batch of consumer.batches({ maxRecords: 8, timeoutMs: 10_000 })) {
      sizes.push(batch.count)
      const offsets = batch.records.map(({ offset }) => offset)
      seen.set(batch.partition, [...(seen.get(batch.partition) ?? []), ...offsets])
      left -= batch.count
      if (sizes.length === 1) await write(ground, topic, 4, 10)
      // The last ones would wait for their time.
      if (left <= 10) break
    }
    // Without the bound 8, as 10 seconds are not over.
    expect(sizes[0]).toBe(5)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(8)
    while (left > 0) {
      const { partition, offset } = await consumer.recv()
      seen.set(partition, [...(seen.get(partition) ?? []), offset])
      left--
    }
    for (const offsets of seen.values()) expect(offsets).toEqual(Array.from({ length: 15 }, (_, i) => i))
    expect(seen.size).toBe(4)
  })

  test('recvBatch waits until it is full or its time is over, and says which; a second poll is refused', async () => {
    const { consumer, topic, committed } = await filled(ground, 1, [3])
    expect(await consumer.recvBatch({ max: 0 })).toEqual({ outcome: 'empty', records: [] })
    const first = consumer.recvBatch({ max: 5, timeoutMs: 20_000 })
    await ground.produce(topic, [{ value: 'x' }, { value: 'y' }, { value: 'z' }])
    const { outcome, records } = await first
    expect([outcome, records.map(({ offset }) => offset)]).toEqual(['records', [0, 1, 2, 3, 4]])
    const rest = await consumer.recvBatch({ max: 5, timeoutMs: 300 })
    expect([rest.outcome, rest.records.map(({ offset }) => offset)]).toEqual(['records', [5]])
    expect(await committed()).toEqual([5])
    expect(await consumer.recvBatch({ timeoutMs: 50 })).toEqual({ outcome: 'timedOut', records: [] })
    const waiting = consumer.poll({ timeoutMs: 200 })
    await expect(consumer.poll()).rejects.toMatchObject({ code: 'POLLING' })
    expect(await waiting).toEqual([])
    const last = consumer.recvBatch({ timeoutMs: 20_000 })
    await consumer.close()
    expect((await last).outcome).toBe('closed')
    expect((await consumer.recvBatch()).outcome).toBe('closed')
  })

  test('nothing of a batch is given that a seek has left behind', async () => {
    const { consumer, topic } = await filled(ground, 1, [5])
    const batches = consumer.batches({ maxRecords: 10, timeoutMs: 400 })
    const next = batches.next()
    while ((await consumer.position({ topic, partition: 0 })) !== 5) await new Promise((ok) => setTimeout(ok, 5))
    await consumer.seek({ topic, partition: 0 }, 3)
    expect((await next).value?.records.map(({ offset }) => offset)).toEqual([3, 4])
  })

  test.each([0, 1.5, -1])('refuses %d records a batch', async (maxRecords) => {
    const { consumer } = await filled(ground, 1, [])
    expect(() => consumer.batches({ maxRecords })).toThrow(/maxRecords must be a whole number/)
  })
})

/** A topic with these many records a partition, written batch by batch; a consumer; and what its group committed. */
async function filled(ground: Ground, partitions: number, batches: number[], more: ConsumerOptions = {}) {
  const topic = await ground.topic('batches', partitions)
  for (const count of batches) await write(ground, topic, partitions, count)
  const options = { groupId: topic, autoOffsetReset: 'earliest', autoCommit: false, ...more } as const
  const consumer: Consumer = ground.kafka().consumer(options)
  consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition })))
  const committed = async () => {
    await consumer.commit()
    return (await consumer.committed()).map(({ offset }) => offset)
  }
  return { topic, consumer, committed }
}

/** So many records to each partition, each partition's in one batch. */
async function write(ground: Ground, topic: string, partitions: number, count: number): Promise<void> {
  for (let partition = 0; partition < partitions; partition++) {
    await ground.produce(
      topic,
      Array.from({ length: count }, (_, i) => ({ partition, value: `v${i}` })),
    )
  }
}
