// Calls of a producer that meet each other: ends and sends under way, user code that sends, time that runs out.
// [test process]
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { Kafka, type Serializer } from '../../src/index.ts'

let broker: Broker
beforeAll(async () => {
  broker = await Broker.start()
  for (const topic of ['t', 'audit']) broker.createTopic(topic, { partitions: 1 })
})
afterAll(() => broker.close())

const client = () => new Kafka({ brokers: broker.addresses, threads: 'inline' })
const count = (topic: string, committed = false) => broker.messages(topic, 0, { committed })

describe('the end of a transaction', () => {
  test('waits for a sendBatch that is under way, and commits all of it', async () => {
    await using kafka = client()
    const before = (await count('t', true)).length
    const producer = kafka.producer({ transactionalId: 'whole', bufferMemoryBytes: 65_536, batchBytes: 16_384 })
    const tx = await producer.beginTransaction()
    const sent = tx.sendBatch(
      't',
      Array.from({ length: 2_000 }, (_, i) => `value ${i} ${'x'.repeat(50)}`),
    )
    await tx.commit()
    expect(await sent).toHaveLength(2_000)
    expect((await count('t', true)).length - before).toBe(2_000)
  })

  test('waits for offsets that are under way', async () => {
    await using kafka = client()
    const tx = await kafka.producer({ transactionalId: 'offsets' }).beginTransaction()
    await tx.send({ topic: 't', value: 'with offsets' })
    const added = tx.commitOffsets([{ topic: 't', partition: 0, offset: 7 }], { groupId: 'late' })
    await tx.commit()
    await added
    expect(broker.group('late')?.offsets).toMatchObject([{ topic: 't', partition: 0, offset: 7 }])
  })

  test('is no commit when a record that waited was refused', async () => {
    await using kafka = client()
    const tx = await kafka.producer({ transactionalId: 'refused' }).beginTransaction()
    tx.enqueue({ topic: 'missing', value: 'x' })?.catch(() => {})
    tx.enqueue({ topic: 't', value: 'y' })?.catch(() => {})
    await expect(tx.commit()).rejects.toMatchObject({ requiresAbort: true })
    await tx.abort()
  })

  test('comes with the end of the client, which leaves nothing open', async () => {
    const kafka = client()
    const tx = await kafka.producer({ transactionalId: 'left' }).beginTransaction()
    await tx.send({ topic: 't', value: 'never' })
    await kafka.close()
    expect(broker.transaction('left')?.state).toMatch(/Abort/)
  })
})

test('a transaction within another one of the same id is refused, and does not hang', async () => {
  await using kafka = client()
  const inner = { transactionalId: 'nested' }
  const outer = kafka.transaction(async () => kafka.transaction(async () => 1, inner), inner)
  await expect(outer).rejects.toMatchObject({ code: 'TRANSACTION_OPEN' })
  const other = kafka.transaction(async () => kafka.transaction(async () => 2, { transactionalId: 'other' }), inner)
  expect(await other).toBe(2)
  let later: Promise<number> | undefined
  const first = kafka.transaction(async () => {
    later = new Promise((resolve) => setTimeout(resolve, 50)).then(() => kafka.transaction(async () => 3, inner))
  }, inner)
  await first
  expect(await later, 'code that a transaction started is not within it when it has ended').toBe(3)
})

describe('a producer', () => {
  test.each([
    [{ acks: 3 }, /acks of a call must be/],
    [{ acks: 'none' }, /acks of a call must be/],
    [{ compression: 'brotli' }, /compression of a call must be/],
    [{ compression: { type: 'gzip', level: 99 } }, /compression of a call must be/],
  ])('refuses %j for one call, before anything is sent', async (options, message) => {
    await using kafka = client()
    const sent = kafka.producer({ enableIdempotence: false }).send({ topic: 't', value: 'x' }, options as never)
    await expect(sent).rejects.toThrow(message)
    await expect(sent).rejects.toMatchObject({ stored: 'not stored' })
  })

  test('keeps a record whole whose serializer sends another', async () => {
    await using kafka = client()
    const audits: Promise<unknown>[] = []
    const auditing: Serializer<string> = {
      serialize: (value) => {
        if (!value.startsWith('audit')) audits.push(producer.send({ topic: 'audit', value: `audit of ${value}` }))
        return Buffer.from(value)
      },
    }
    const producer = kafka.producer({ value: auditing })
    const { topic } = await producer.send({ topic: 't', key: 'outer', value: 'outer' } as never)
    await Promise.all(audits)
    expect(topic).toBe('t')
    expect((await count('t')).at(-1)).toMatchObject({ value: Buffer.from('outer') })
    expect((await count('audit')).map(({ value }) => String(value))).toEqual(['audit of outer'])
  })

  test('goes its own way with an array that the caller empties', async () => {
    await using kafka = client()
    const queue = ['one', 'two', 'three']
    const sent = kafka.producer().sendBatch('t', queue)
    queue.length = 0
    expect(await sent).toHaveLength(3)
    expect((await count('t')).slice(-3).map(({ value }) => String(value))).toEqual(['one', 'two', 'three'])
  })

  test('settles every send within deliveryTimeoutMs, also those that wait for room', async () => {
    await using kafka = client()
    await kafka.producer().send({ topic: 't', value: 'known' })
    const stop = broker.on('Produce', () => ({ delayMs: 60_000 }))
    const producer = kafka.producer({ deliveryTimeoutMs: 500, bufferMemoryBytes: 65_536, batchBytes: 16_384 })
    const sends = Array.from({ length: 200 }, () => producer.send({ topic: 't', value: 'x'.repeat(1_000) }))
    const settled = await Promise.allSettled(sends)
    expect(settled.every(({ status }) => status === 'rejected')).toBe(true)
    stop()
  })

  test('takes any reason to give up, and hears of a listener that fails later', async () => {
    await using kafka = client()
    const errors: string[] = []
    const producer = kafka.producer({ onDelivery: (async () => Promise.reject(new Error('later'))) as never })
    producer.on('error', ({ message }) => errors.push(message))
    const controller = new AbortController()
    const waiting = producer.sendBatch('t', ['a', 'b'], { signal: controller.signal })
    controller.abort(null)
    await expect(waiting).rejects.toBeNull()
    await producer.enqueue({ topic: 't', value: 'x' })
    await producer.flush()
    await new Promise((resolve) => setImmediate(resolve))
    expect(errors).toEqual(['onDelivery threw: later'])
  })
})
