// What a consumer's statistics say of batches that were processed elsewhere, and of its commits. [test]
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BrokerThread } from '../../src/wiring/broker-thread.ts'
import { Kafka } from '../../src/wiring/kafka.ts'
import { modes } from '../support/reading.ts'

const RECORDS = 300
/** Takes a while over each batch. */
const processor = new URL('data:text/javascript,export default () => new Promise((done) => setTimeout(done, 5))')

describe.each(modes)('a processor with threads: %s', (threads) => {
  let broker: BrokerThread
  let kafka: Kafka
  beforeAll(async () => {
    broker = await BrokerThread.start()
    const values = Array.from({ length: RECORDS }, (_, i) => `value ${i}`)
    await broker.seed('read', values, { batchRecords: 100 })
    kafka = new Kafka({ brokers: broker.address, threads })
  })
  afterAll(async () => {
    await kafka.close()
    await broker.close()
  })

  it('is counted and measured batch by batch, and so are commits', async () => {
    const consumer = kafka.consumer({ groupId: `g-${threads}`, autoOffsetReset: 'earliest' })
    consumer.assign([{ topic: 'read', partition: 0 }])
    expect(consumer.stats()).toMatchObject({ records: 0, recordsPerSecond: undefined, engine: undefined })
    const done = new AbortController()
    let busy: string[] = []
    const timer = setInterval(() => {
      if (done.signal.aborted) return
      const { records, engine } = consumer.stats()
      busy = Object.keys(engine?.busy ?? {})
      if (records === RECORDS) done.abort()
    }, 10)
    await consumer.run({ processor, workers: 1, signal: done.signal })
    clearInterval(timer)
    await consumer.commit()
    const { records, bytes, batches, latencyMs, partitions } = consumer.stats()
    expect({ records, batches, floor: partitions[0]!.floor }).toEqual({ records: RECORDS, batches: 3, floor: RECORDS })
    expect(bytes).toBeGreaterThan(RECORDS * 7)
    expect(latencyMs.process.p50).toBeGreaterThan(2)
    for (const stage of ['fetch', 'queue', 'decode', 'commit'] as const) {
      expect(latencyMs[stage].p50, stage).toBeGreaterThanOrEqual(0)
    }
    expect(latencyMs.endToEnd.max).toBeGreaterThanOrEqual(latencyMs.process.p50!)
    if (threads === 'workers') expect(busy.sort()).toEqual(['io', 'main', 'processor 0', 'worker 0'])
  })
})
