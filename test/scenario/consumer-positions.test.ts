// Where a consumer reads on, where logs begin and end, and how far behind it is. [test process]
import { once } from 'node:events'
import { expect, test, vi } from 'vitest'
import type { Consumer, ConsumerOptions } from '../../src/index.ts'
import { type Ground, onEveryGround } from '../support/grounds.ts'

const COUNT = 30
/** Of the first record; each following is a second younger. */
const FIRST_MS = 1_700_000_000_000

onEveryGround('positions', (ground) => {
  test('seek to an offset, a time, the beginning and the end', async () => {
    const { consumer, topic, at } = await filled(ground)
    expect((await consumer.recv()).offset).toBe(0)
    await consumer.seek(at(0), 7)
    expect((await consumer.recv()).offset).toBe(7)
    await consumer.seek(at(0), new Date(FIRST_MS + 12_500))
    expect((await consumer.recv()).offset).toBe(13)
    await consumer.seekToBeginning()
    expect((await consumer.recv()).offset).toBe(0)
    await consumer.seek(at(0), new Date(FIRST_MS + 3_600_000))
    expect(await consumer.position(at(0))).toBe(COUNT)
    await consumer.seek(at(0), 3)
    await consumer.seekToEnd([at(0)])
    expect(await consumer.position(at(0))).toBe(COUNT)
    await ground.produce(topic, [{ value: 'next' }])
    expect((await consumer.recv()).offset).toBe(COUNT)
  })

  test('seekMany moves all, or none when one is not ours or no place at all', async () => {
    const { consumer, at } = await filled(ground, 2)
    await consumer.seekMany([
      { ...at(0), offset: 5 },
      { ...at(1), offset: 'latest' },
    ])
    expect([await consumer.position(at(0)), await consumer.position(at(1))]).toEqual([5, COUNT])
    const [foreign, bad] = [at(7), Number.NaN]
    await expect(
      consumer.seekMany([
        { ...at(0), offset: 9 },
        { ...foreign, offset: 1 },
      ]),
    ).rejects.toMatchObject({
      code: 'NOT_ASSIGNED',
    })
    await expect(
      consumer.seekMany([
        { ...at(0), offset: 9 },
        { ...at(1), offset: bad },
      ]),
    ).rejects.toThrow(/seek: an offset/)
    expect([await consumer.position(at(0)), await consumer.position(at(1))]).toEqual([5, COUNT])
  })

  test('ends of logs and offsets by time, asked and as the last fetch said', async () => {
    const { consumer, topic, at } = await filled(ground)
    await ground.deleteRecords(topic, 0, 4)
    expect(await consumer.beginningOffsets()).toEqual([{ ...at(0), offset: 4 }])
    expect(await consumer.endOffsets()).toEqual([{ ...at(0), offset: COUNT }])
    const times = [FIRST_MS, new Date(FIRST_MS + 10_000), FIRST_MS + 3_600_000]
    const found = await consumer.offsetsForTimes(times.map((timestamp) => ({ ...at(0), timestamp })))
    expect(found.map(({ offset }) => offset)).toEqual([4, 10, undefined])
    expect([consumer.cachedBeginningOffset(at(0)), consumer.cachedEndOffset(at(0))]).toEqual([undefined, undefined])
    await consumer.recv()
    expect([consumer.cachedBeginningOffset(at(0)), consumer.cachedEndOffset(at(0))]).toEqual([4, COUNT])
  })

  test.each([
    ['within the log', FIRST_MS + 12_500, 13],
    ['before what the log still has', FIRST_MS, 4],
    ['beyond the end', FIRST_MS + 3_600_000, COUNT],
  ])('an offset that is not in the log: autoOffsetReset is a Date %s', async (_, date, expected) => {
    const topic = await filledTopic(ground, 2)
    for (const partition of [0, 1]) await ground.deleteRecords(topic, partition, 4)
    const kafka = ground.kafka()
    const resets: object[] = []
    kafka.on('reset', (reset) => resets.push(reset))
    const consumer = kafka.consumer({ autoOffsetReset: new Date(date) })
    const places = [0, COUNT + 7].map((offset, partition) => ({ topic, partition, offset }))
    consumer.assign(places)
    const wanted = places.map(({ partition, offset: from }) => ({ topic, partition, from, to: expected }))
    const first = consumer.poll({ timeoutMs: 20_000 })
    await vi.waitFor(() => expect(new Set(resets)).toEqual(new Set(wanted)), { timeout: 10_000 })
    for (const partition of [0, 1]) await ground.produce(topic, [{ partition, value: 'next' }])
    const seen = [...(await first)]
    while (new Set(seen.map(({ partition }) => partition)).size < 2) seen.push(...(await consumer.poll()))
    const starts = [0, 1].map((partition) => seen.find((record) => record.partition === partition)!.offset)
    expect(starts).toEqual([expected, expected])
  })

  test('lag: unknown before the first fetch, then what is left, 0 at the end; a seek changes it at once', async () => {
    const { consumer, at } = await filled(ground)
    expect([consumer.currentLag(at(0)), consumer.lag(), consumer.stats().lagMax]).toEqual([undefined, [], undefined])
    await consumer.recv()
    expect(consumer.currentLag(at(0))).toBe(COUNT - 1)
    expect(consumer.stats()).toMatchObject({ lag: COUNT - 1, lagMax: COUNT - 1 })
    await consumer.poll({ max: COUNT })
    expect(consumer.lag()).toEqual([{ ...at(0), lag: 0 }])
    await consumer.seek(at(0), 20)
    expect(consumer.currentLag(at(0))).toBe(10)
    const [report] = await once(consumer, 'lag')
    expect(report).toEqual({ partitions: [{ ...at(0), lag: 10 }], lag: 10, lagMax: 10 })
    consumer.assign([at(0)])
    expect(consumer.currentLag(at(0))).toBeUndefined()
  })
})

async function filledTopic(ground: Ground, partitions: number): Promise<string> {
  const topic = await ground.topic('positions', partitions)
  for (let partition = 0; partition < partitions; partition++) {
    const records = Array.from({ length: COUNT }, (_, i) => ({
      partition,
      value: `v${i}`,
      timestamp: FIRST_MS + i * 1_000,
    }))
    await ground.produce(topic, records)
  }
  return topic
}

async function filled(ground: Ground, partitions = 1, options: ConsumerOptions = {}) {
  const topic = await filledTopic(ground, partitions)
  const at = (partition: number) => ({ topic, partition })
  const consumer: Consumer = ground.kafka().consumer({ autoOffsetReset: 'earliest', ...options })
  consumer.assign(Array.from({ length: partitions }, (_, partition) => at(partition)))
  return { topic, consumer, at }
}
