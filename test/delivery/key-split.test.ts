// Batches split by key: each record in one part, a key always in the same lane, memory free after the last. [test]
import { describe, expect, it } from 'vitest'
import { splitByKey } from '../../src/delivery/key-split.ts'
import type { Consumer } from '../../src/index.ts'
import { Reading } from '../support/reading.ts'

async function withBatch(use: (batch: Awaited<ReturnType<typeof firstBatch>>, consumer: Consumer) => Promise<void>) {
  await using reading = await Reading.start('inline')
  reading.broker.createTopic('events', { partitions: 1 })
  const items = Array.from({ length: 60 }, (_, i) => ({ key: i % 10 === 9 ? null : `k${i % 7}`, value: `v${i}` }))
  await reading.broker.seed('events', items)
  const consumer = reading.kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest' })
  consumer.assign([{ topic: 'events', partition: 0 }])
  await use(await firstBatch(consumer), consumer)
}

async function firstBatch(consumer: Consumer) {
  const step = await consumer.batches().next()
  return step.value!
}

const offsetsOf = (batch: { count: number; offsetAt(i: number): number }) =>
  Array.from({ length: batch.count }, (_, i) => batch.offsetAt(i))

describe('splitByKey', () => {
  it('puts each record into one part, in order, and a key into one lane; those without a key into none', () =>
    withBatch(async (whole) => {
      const parts = splitByKey(whole, 3)
      expect(parts.length).toBeLessThanOrEqual(4)
      const laneOf = new Map<string, string | null>()
      for (const { lane, batch } of parts) {
        const offsets = offsetsOf(batch)
        expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
        expect([batch.baseOffset, batch.lastOffset]).toEqual([offsets[0], offsets.at(-1)])
        for (const record of batch) {
          expect(String(record.value)).toBe(`v${record.offset}`)
          if (record.key === null) expect(lane).toBeNull()
          else expect(laneOf.get(String(record.key)) ?? lane).toBe(lane)
          laneOf.set(String(record.key), lane)
        }
      }
      expect(parts.flatMap(({ batch }) => offsetsOf(batch)).sort((a, b) => a - b)).toEqual([...Array(60).keys()])
    }))

  it('gives the memory back with the last part; a released part throws, the others go on', () =>
    withBatch(async (whole) => {
      const parts = splitByKey(whole, 3).map(({ batch }) => batch)
      const [first, ...others] = parts
      first!.release()
      first!.release()
      expect(() => first!.valueLength(0)).toThrow('was released')
      expect(others.every((part) => part.valueLength(0) > 0)).toBe(true)
      expect(whole.released).toBe(false)
      for (const part of others) part.release()
      expect(whole.released).toBe(true)
    }))

  it('counts what is acknowledged by part, by record, and after its release', () =>
    withBatch(async (whole, consumer) => {
      const parts = splitByKey(whole, 3).map(({ batch }) => batch)
      const floor = () => consumer.stats().partitions[0]!
      const [first, ...others] = parts
      for (let i = 0; i < first!.count; i++) first!.ack(i)
      expect(floor().floor + floor().doneAhead).toBeGreaterThanOrEqual(first!.count)
      for (const part of others) {
        part.release()
        part.ack()
      }
      expect(floor()).toMatchObject({ floor: 60, doneAhead: 0 })
    }))
})
