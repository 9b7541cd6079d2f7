// In debug mode freed memory shows at once that it is freed. [test]
import { expect, it } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { Kafka } from '../../src/index.ts'
import { allocateMemory, SEGMENT_BYTES } from '../../src/ring/layout.ts'
import { Memory } from '../../src/ring/memory.ts'
import { POISON } from '../../src/ring/segments.ts'

it('a segment is overwritten when its last reference goes, not before', () => {
  const { fetch } = new Memory(allocateMemory(64 * SEGMENT_BYTES, 1, true))
  const start = fetch.claim(SEGMENT_BYTES, 0)
  fetch.bytes.fill(7, start, start + SEGMENT_BYTES)
  fetch.retain(start, 10)
  fetch.release(start, SEGMENT_BYTES)
  expect(fetch.bytes[start]).toBe(7)
  fetch.release(start, 10)
  expect(fetch.bytes.subarray(start, start + SEGMENT_BYTES).every((byte) => byte === POISON)).toBe(true)
})

it.each(['workers', 'inline'] as const)('records that are kept stay equal on poisoned memory: %s', async (threads) => {
  const broker = await Broker.start()
  const kafka = new Kafka({ brokers: broker.address, threads, debug: true })
  try {
    const values = Array.from({ length: 2_000 }, (_, i) => `${i} `.repeat(30))
    await broker.seed('events', values, { codec: 'lz4' })
    const kept = []
    for await (const record of kafka.iterate('events')) kept.push(record)
    expect(kept.map(({ value }) => String(value))).toEqual(values)
  } finally {
    await kafka.close()
    await broker.close()
  }
})
