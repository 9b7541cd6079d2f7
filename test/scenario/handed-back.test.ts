// A reader is left and another one goes on: with the very next record, whatever the first had taken ahead and in
// whatever form the other reads. On the embedded broker and on a real Kafka. [test process]
import { expect, test, vi } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import type { Consumer, ConsumerRecord } from '../../src/index.ts'
import { type Ground, onEveryGround } from '../support/grounds.ts'
import { seed } from '../support/seed.ts'

type See = (record: ConsumerRecord) => void

const slow = async <T>(value: T): Promise<T> => {
  await new Promise((resolve) => setImmediate(resolve))
  return value
}

/** Readers that take ahead. Each is left when it has given `count` records, with a read of more under way. */
const LEFT: Record<string, (consumer: Consumer, count: number, see: See) => Promise<void>> = {
  toReadable: (consumer, count, see) => leave(consumer.toReadable(), count, see),
  'a destroyed stream': async (consumer, count, see) => {
    const stream = consumer.filter(() => slow(true)).toReadable()
    let seen = 0
    for await (const record of stream) {
      see(record)
      if (++seen < count) continue
      stream.destroy()
      break
    }
  },
  'a stream of flatMap': (consumer, count, see) =>
    leave(consumer.flatMap((record) => [record]).toReadable(), count, see),
  'map, several at once': (consumer, count, see) => {
    const work = async (record: ConsumerRecord) => {
      see(record)
      return slow(record)
    }
    return leave(consumer.filter(() => slow(true)).map(work, { concurrency: 3 }), count, () => {})
  },
  toWeb: async (consumer, count, see) => {
    const reader = consumer.toWeb().getReader()
    for (let i = 0; i < count; i++) see((await reader.read()).value!)
    const pending = reader.read()
    await reader.cancel()
    expect((await pending).done).toBe(true)
  },
  'a loop by hand': async (consumer, count, see) => {
    const loop = consumer[Symbol.asyncIterator]()
    for (let i = 0; i < count; i++) see((await loop.next()).value!)
    const pending = loop.next()
    await loop.return?.()
    const { value } = await pending
    if (value !== undefined) see(value)
  },
  'batches to a count': async (consumer, count, see) => {
    const batches = consumer.batches({ maxRecords: count, timeoutMs: 0 })
    for (const record of (await batches.next()).value!) see(record)
    const pending = batches.next()
    await batches.return?.()
    for (const record of (await pending).value ?? []) see(record)
  },
}

/** Ways to read on, each by at least one record. */
const NEXT: ((consumer: Consumer, see: See) => Promise<void>)[] = [
  async (consumer, see) => {
    for await (const batch of consumer.batches()) {
      for (const record of batch) see(record)
      break
    }
  },
  async (consumer, see) => see(await consumer.recv()),
  async (consumer, see) => {
    for (const record of await consumer.poll({ max: 2 })) see(record)
  },
  (consumer, see) => leave(consumer, 2, see),
  async (consumer, see) => {
    for await (const batch of consumer.batches({ maxRecords: 2, timeoutMs: 0 })) {
      for (const record of batch) see(record)
      break
    }
  },
]

onEveryGround('handed back', (ground) => {
  test.each(Object.keys(LEFT))('%s that is left gives whoever reads on the next record', async (name) => {
    const { consumer, topic, seen, see } = await filled(ground)
    for (let i = 0; i < 8; i++) await write(ground, topic, 10)
    for (const next of NEXT) {
      await LEFT[name]!(consumer, 2, see)
      await next(consumer, see)
      await LEFT[name]!(consumer, 1, see)
    }
    while (seen.length < 80) for (const record of await consumer.poll()) see(record)
    expect(seen).toEqual(Array.from({ length: 80 }, (_, i) => i))
  })

  test.each(Object.keys(LEFT))(
    '%s that is left while it waits gives what comes to whoever waits then',
    async (name) => {
      const { consumer, topic, seen, see } = await filled(ground)
      let written = 0
      for (const next of NEXT) {
        await write(ground, topic, 1)
        await LEFT[name]!(consumer, 1, see)
        const waiting = next(consumer, see)
        await write(ground, topic, 3)
        await waiting
        written += 4
        while (seen.length < written) for (const record of await consumer.poll()) see(record)
      }
      expect(seen).toEqual(Array.from({ length: written }, (_, i) => i))
    },
  )

  test('readers at random, one after the other, between seeks and pauses: each record comes in its turn', async () => {
    const random = seededRandom(seed)
    const below = (limit: number) => Math.floor(random.next() * limit)
    const { consumer, topic } = await filled(ground, 3)
    const next = [0, 0, 0]
    const ends = [0, 0, 0]
    const seen: string[] = []
    const see = ({ partition, offset }: ConsumerRecord) => {
      const late = offset === next[partition] ? '' : `, where ${next[partition]} is next`
      seen.push(`${partition}/${offset}${late}`)
      next[partition] = offset + 1
    }
    for (let step = 0; step < 40; step++) {
      const partition = below(3)
      if (step % 3 === 0) {
        const count = 3 + below(8)
        await write(ground, topic, count, partition)
        ends[partition]! += count
      }
      if (below(4) === 0) {
        next[partition] = below(ends[partition]! + 1)
        await consumer.seek({ topic, partition }, next[partition]!)
      }
      if (below(4) === 0) {
        await consumer.pause([{ topic, partition }])
        await consumer.resume([{ topic, partition }])
      }
      const readers = Object.values(LEFT)
      const left = () => ends.reduce((sum, end, i) => sum + end - next[i]!, 0)
      if (left() > 0) await readers[below(readers.length)]!(consumer, 1 + below(Math.min(left(), 4)), see)
      // Some of them take two.
      if (left() > 1) await NEXT[below(NEXT.length)]!(consumer, see)
    }
    expect(seen.filter((one) => one.includes('where'))).toEqual([])
    expect(seen.length).toBeGreaterThan(40)
  })

  test('what a reader had ahead of a paused partition is given when it is resumed, and not before', async () => {
    const { topic, consumer, seen, see } = await filled(ground, 2)
    await write(ground, topic, 10, 0)
    for (let round = 1; round <= 3; round++) {
      const stream = consumer.toReadable()
      const loop = stream[Symbol.asyncIterator]()
      see((await loop.next()).value)
      see((await loop.next()).value)
      const ahead = async () => expect(await consumer.position({ topic, partition: 0 })).toBeGreaterThan(seen.length)
      await vi.waitFor(ahead, { timeout: 10_000, interval: 10 })
      await consumer.pause([{ topic, partition: 0 }])
      await loop.return?.()
      expect(await consumer.position({ topic, partition: 0 })).toBe(seen.length)
      await write(ground, topic, 1, 1)
      expect((await consumer.recv()).partition).toBe(1)
      await consumer.resume([{ topic, partition: 0 }])
      see(await consumer.recv())
    }
    while (seen.length < 10) for (const record of await consumer.poll()) see(record)
    expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => i))
  })

  test('batches to a count hand back partitions that nobody saw', async () => {
    const { consumer, topic } = await filled(ground, 2)
    await write(ground, topic, 5, 0)
    await write(ground, topic, 5, 1)
    const seen: [number, number][] = []
    for await (const batch of consumer.batches({ maxRecords: 8, timeoutMs: 100 })) {
      for (const { partition, offset } of batch) seen.push([partition, offset])
      break
    }
    while (seen.length < 10) {
      for await (const batch of consumer.batches()) {
        for (const { partition, offset } of batch) seen.push([partition, offset])
        break
      }
    }
    const all = [0, 1].flatMap((partition) => [0, 1, 2, 3, 4].map((offset) => [partition, offset]))
    expect(seen.toSorted()).toEqual(all)
    expect(await Promise.all([0, 1].map((partition) => consumer.position({ topic, partition })))).toEqual([5, 5])
  })
})

/** Reads so many and breaks the loop off. */
async function leave(records: AsyncIterable<unknown>, count: number, see: See): Promise<void> {
  let seen = 0
  for await (const record of records) {
    see(record as ConsumerRecord)
    if (++seen === count) break
  }
}

async function filled(ground: Ground, partitions = 1) {
  const topic = await ground.topic('handed', partitions)
  const consumer = ground.kafka().consumer({ autoOffsetReset: 'earliest', fetchMaxWaitMs: 50 })
  consumer.assign(Array.from({ length: partitions }, (_, partition) => ({ topic, partition })))
  const seen: number[] = []
  return { topic, consumer, seen, see: ({ offset }: ConsumerRecord) => void seen.push(offset) }
}

const write = (ground: Ground, topic: string, count: number, partition = 0) =>
  ground.produce(
    topic,
    Array.from({ length: count }, (_, i) => ({ partition, value: `v${i}` })),
  )
