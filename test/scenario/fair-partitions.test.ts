// Law 3: a partition whose batches are never given back, a paused reader, a slow one: none delays another. [test]
import { afterEach, describe, expect, it } from 'vitest'
import type { KafkaOptions } from '../../src/client/options.ts'
import type { CodecName } from '../../src/record/compression/codec.ts'
import { collect, modes, Reading, within } from '../support/reading.ts'

const MiB = 1_048_576

describe.each(modes)('with threads: %s', (mode) => {
  let reading: Reading
  afterEach(() => reading[Symbol.asyncDispose]())
  const start = async (options: KafkaOptions = {}, brokers = 1) => {
    reading = await Reading.start(mode, { decodeWorkers: 2, ...options }, { brokers })
  }

  async function fill(topic: string, partitions: number, batches: number, batchBytes: number, codec: CodecName) {
    reading.broker.createTopic(topic, { partitions })
    const values = Array.from({ length: 10 }, (_, i) => Buffer.alloc(batchBytes / 10, i))
    for (let partition = 0; partition < partitions; partition++) {
      const items = values.map((value) => ({ value, partition }))
      for (let i = 0; i < batches; i++) await reading.broker.seed(topic, items, { codec, batchRecords: 10 })
    }
  }

  it.each([
    ['plain batches that fill the buffer many times', 8 * MiB, 150_000, 'none'],
    ['compressed ones', 8 * MiB, 150_000, 'lz4'],
    ['a buffer of a few batches', MiB, 150_000, 'none'],
    ['a buffer of a few batches, compressed', MiB, 150_000, 'lz4'],
    ['batches of half the share', MiB, 190_000, 'none'],
    ['small ones', MiB, 9_000, 'gzip'],
  ] as const)(
    'one partition is held for ever, the others flow to their end: %s',
    async (_, bufferBytes, size, codec) => {
      await start({ bufferBytes })
      const [partitions, batches] = [4, 40]
      await fill('held', partitions, batches, size, codec)
      const source = reading.kafka.iterate('held')
      const held: number[] = []
      const counts = new Map<number, number>()
      const run = async () => {
        const missing = () => [1, 2, 3].some((partition) => (counts.get(partition) ?? 0) < batches * 10)
        while (missing()) {
          // An iterator of its own for each batch: a batch is released by the next call of the iterator that gave it.
          const { value: batch } = await source.batches().next()
          if (batch!.partition === 0) held.push(batch!.withValue(0, (value) => value![0]!))
          else {
            counts.set(batch!.partition, (counts.get(batch!.partition) ?? 0) + batch!.count)
            batch!.release()
          }
        }
      }
      await within('the others', 30_000, run())
      expect([...counts].sort(([a], [b]) => a - b)).toEqual([1, 2, 3].map((partition) => [partition, batches * 10]))
      expect(held.length).toBeGreaterThan(0)
      await source.close()
    },
  )

  it('a partition without a leader does not hold up the others', async () => {
    await start({}, 2)
    await fill('led', 4, 5, 5_000, 'none')
    let refused = 0
    reading.broker.on('Fetch', ({ topics }) => {
      const names = topics.some(({ partitions }) => partitions.some(({ partition }) => partition === 2))
      if (!names || ++refused > 30) return undefined
      return {
        edit: (response) => {
          for (const { partitions } of response.responses) {
            for (const partition of partitions) {
              if (partition.partitionIndex !== 2) continue
              partition.errorCode = 6
              partition.records = null
            }
          }
          return undefined
        },
      }
    })
    const source = reading.kafka.iterate('led')
    const counts = [0, 0, 0, 0]
    const run = async () => {
      for await (const record of source) {
        counts[record.partition]!++
        if (counts[0]! + counts[1]! + counts[3]! === 150) break
      }
    }
    await within('the others', 20_000, run())
    expect([counts[0], counts[1], counts[3]]).toEqual([50, 50, 50])
    const rest = await within('the rest', 30_000, collect(source))
    expect(rest.length + counts[2]!).toBe(50)
  })

  it('a slow reader does not slow down a fast one beside it', async () => {
    await start({ bufferBytes: 4 * MiB })
    await fill('slow', 2, 60, 100_000, 'none')
    await fill('fast', 2, 60, 100_000, 'none')
    const slow = reading.kafka.iterate('slow').batches()
    await slow.next()
    const fast = await within('the fast one', 20_000, collect(reading.kafka.iterate('fast')))
    expect(fast).toHaveLength(1_200)
    let count = 0
    for (let next = await slow.next(); !next.done; next = await slow.next()) count += next.value.count
    expect(count).toBe(1_190)
  })
})
