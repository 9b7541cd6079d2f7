// `run({ eachBatch, order: 'key' })` on main: batches come in parts, each with all records of its keys. [test process]
import { expect, it } from 'vitest'
import { modes, pause, Reading, within } from '../support/reading.ts'

it.each(modes)('%s: parts run at once, no key does, and what fails is tried again in its part', async (mode) => {
  await using reading = await Reading.start(mode)
  reading.broker.createTopic('events', { partitions: 1 })
  const items = Array.from({ length: 200 }, (_, i) => ({ key: `k${i % 9}`, value: `v${i}` }))
  await reading.broker.seed('events', items, { batchRecords: 50 })
  const consumer = reading.kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest' })
  consumer.assign([{ topic: 'events', partition: 0 }])
  const running = new Set<string>()
  const seen = new Map<string, number[]>()
  let most = 0
  let failed = false
  const stop = new AbortController()
  await within(
    'run',
    20_000,
    consumer.run({
      ...{ order: 'key', concurrency: 4, signal: stop.signal, onError: { retries: 1, backoffMs: 1 } },
      eachBatch: async (batch, { attempt, ack }) => {
        const keys = new Set(Array.from(batch, ({ key }) => String(key)))
        for (const key of keys) expect(running.has(key)).toBe(false)
        for (const key of keys) running.add(key)
        most = Math.max(most, running.size)
        await pause(batch.baseOffset % 3)
        for (const key of keys) running.delete(key)
        for (let i = 0; i < batch.count; i++) {
          if (batch.offsetAt(i) === 77 && attempt === 1) {
            failed = true
            throw new Error('once')
          }
          const key = batch.withKey(i, String)
          seen.set(key, [...(seen.get(key) ?? []), batch.offsetAt(i)])
          ack(i)
        }
        if ([...seen.values()].flat().length === 200) stop.abort()
      },
    }),
  )
  expect([failed, most > 2]).toEqual([true, true])
  for (const offsets of seen.values()) expect(offsets).toEqual([...offsets].sort((a, b) => a - b))
  expect([...seen.values()].flat()).toHaveLength(200)
  expect((await consumer.committed())[0]!.offset).toBe(200)
})
