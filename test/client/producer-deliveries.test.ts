// What senders are told, and how full batches are that a full buffer holds up. [test]
import { describe, expect, it } from 'vitest'
import type { DeliveryReport } from '../../src/client/producer-report.ts'
import { type World, world } from './producer-world.ts'

const pass = ({ clock }: World, ms = 0) => clock.advance(ms)

describe('in one batch', () => {
  it('each way of sending hears of its own records, with their offsets, in their order', async () => {
    const reports: DeliveryReport[] = []
    const w = world({ lingerMs: 5, onDelivery: (report) => reports.push(report) })
    const send = (value: string) => w.producer.send({ topic: 'other', value, timestamp: value.charCodeAt(0) })
    const first = send('a')
    w.producer.enqueue({ topic: 'other', value: 'b', timestamp: 9 })
    const call = w.producer.sendBatch([
      { topic: 'other', value: 'c', timestamp: 1 },
      { topic: 'other', value: 'd', timestamp: 2 },
    ])
    w.producer.enqueue({ topic: 'other', value: 'e', timestamp: 9 })
    const last = send('f')
    await pass(w, 6)
    expect(await w.values(w.posted[0]!)).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
    w.store(undefined, 100)
    const at = (offset: number, timestamp: number) => ({ topic: 'other', partition: 0, offset, timestamp })
    expect(await Promise.all([first, last])).toEqual([at(100, 97), at(105, 102)])
    expect(await call).toEqual([at(102, 1), at(103, 2)])
    expect(reports.map(({ offset, record }) => [offset, record.value])).toEqual([
      [101, 'b'],
      [104, 'e'],
    ])
  })

  it('all of them hear of its failure, and flush only of those whom nobody asked for', async () => {
    const w = world({ lingerMs: 5, interceptors: [{ onAck: () => undefined }] })
    const sent = w.producer.send({ topic: 'other', value: 'a' })
    const call = w.producer.sendBatch('other', ['b', 'c'])
    w.producer.enqueue({ topic: 'other', value: 'd' })
    await pass(w, 6)
    w.fail(w.posted.splice(0), { code: 'REFUSED', message: 'no.', stored: 'not stored' })
    await expect(sent).rejects.toMatchObject({ code: 'REFUSED' })
    await expect(call).rejects.toMatchObject({ code: 'REFUSED' })
    // That an interceptor looked on does not mean that the sender knows.
    await expect(w.producer.flush()).rejects.toThrow(/^1 enqueued records were not delivered/)
  })
})

describe('while the buffer is full', () => {
  const value = 'x'.repeat(1_000)
  const options = { lingerMs: 1, batchBytes: 32_768, bufferMemoryBytes: 2_097_152, enableIdempotence: false }

  it('batches behind one that is under way fill up before they are sent', async () => {
    const w = world(options)
    void (async () => {
      for (let i = 0; i < 5_000; i++) await w.producer.enqueue({ topic: 'events', value })
    })()
    const counts: number[] = []
    for (let turn = 0; turn < 200 && counts.length < 100; turn++) {
      await pass(w, 0.01)
      // The broker is slow: it stores one batch at a time.
      const [oldest] = w.posted.splice(0, 1)
      if (oldest === undefined) continue
      counts.push(oldest.count)
      w.store([oldest])
    }
    const full = counts.filter((count) => count >= 30).length
    expect(full / counts.length).toBeGreaterThan(0.8)
  })

  it('a batch with nothing before it is sent though it is not full and its linger goes on', async () => {
    const w = world({ ...options, lingerMs: 60_000, batchBytes: 10_000_000, maxRequestBytes: 10_000_000 })
    const sending = Array.from({ length: 2_000 }, () => w.producer.send({ topic: 'other', value }))
    await pass(w)
    expect(w.posted).toHaveLength(1)
    w.store(w.posted.splice(0))
    await pass(w, 60_000)
    w.store(w.posted.splice(0))
    expect(await Promise.all(sending)).toHaveLength(2_000)
  })
})
