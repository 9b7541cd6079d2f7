// The promises of a producer on the embedded broker and on Kafka, with threads and without. [test]
import { expect, it } from 'vitest'
import type { ConsumerRecord, DeliveryReport, Kafka } from '../../src/index.ts'
import { json } from '../../src/index.ts'
import { onEveryGround } from '../support/grounds.ts'

const read = async (kafka: Kafka, topic: string) => {
  const records: ConsumerRecord[] = []
  for await (const record of kafka.iterate(topic)) records.push(record)
  return records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
}
const texts = (records: ConsumerRecord[]) => records.map(({ value }) => value?.toString() ?? null)

onEveryGround('producing', (ground) => {
  it('what is sent is read: keys, values, headers with duplicates, tombstones, times, partitions', async () => {
    const [kafka, topic] = [ground.kafka(), await ground.topic('sent', 3)]
    const producer = kafka.producer()
    const headers: [string, string | null][] = [
      ['a', '1'],
      ['a', '2'],
      ['none', null],
    ]
    const sent = await producer.sendBatch([
      { topic, partition: 0, key: 'k', value: { amount: 3 }, headers, timestamp: 1_700_000_000_000 },
      { topic, partition: 0, key: 'k', value: null },
      { topic, partition: 2, value: Buffer.from([0, 255]), headers: { x: ['1', '2'] } },
    ])
    expect(sent.map(({ partition, offset }) => [partition, offset])).toEqual([
      [0, 0],
      [0, 1],
      [2, 0],
    ])
    const records = await read(kafka, topic)
    expect(records.map(({ timestamp }) => timestamp)).toEqual(sent.map(({ timestamp }) => timestamp))
    expect([records[0]!.timestamp, records[1]!.isTombstone]).toEqual([1_700_000_000_000, true])
    expect(JSON.parse(String(records[0]!.value))).toEqual({ amount: 3 })
    expect(records[0]!.headers.getAll('a').map(String)).toEqual(['1', '2'])
    expect(records[2]!.headers.getAll('x').map(String)).toEqual(['1', '2'])
    expect(records[2]!.value).toEqual(Buffer.from([0, 255]))
  })

  it('every codec and every acks brings them there, call by call too', async () => {
    const [kafka, topic] = [ground.kafka(), await ground.topic('codecs')]
    const producer = kafka.producer({ enableIdempotence: false, lingerMs: 1 })
    const long = 'long '.repeat(200)
    const ways = ['none', 'gzip', 'snappy', 'lz4', { type: 'zstd', level: 7 }] as const
    for (const compression of ways) {
      for (const acks of ['all', 1, 0] as const) {
        const { offset } = await producer.send(
          { topic, value: `${long}${JSON.stringify(compression)}${acks}` },
          { compression, acks },
        )
        expect(offset === undefined).toBe(acks === 0)
      }
    }
    await producer.flush()
    const expected = ways.flatMap((way) => ['all', 1, 0].map((acks) => `${long}${JSON.stringify(way)}${acks}`))
    // Nobody answers acks 0: the last of these may still be on its way.
    await expect.poll(async () => texts(await read(kafka, topic)), { timeout: 10_000 }).toEqual(expected)
  })

  it('1,000 sends at once keep their order in a partition; enqueue reports each of 3,000', async () => {
    const [kafka, topic] = [ground.kafka(), await ground.topic('ordered', 2)]
    const reports: DeliveryReport[] = []
    const producer = kafka.producer({ compression: 'lz4', onDelivery: (report) => reports.push(report) })
    const values = Array.from({ length: 1_000 }, (_, i) => `${i}`)
    const places = await Promise.all(values.map((value) => producer.send({ topic, partition: 0, value })))
    expect(places.map(({ offset }) => offset)).toEqual(values.map((_, i) => i))
    for (let i = 0; i < 3_000; i++) await producer.enqueue({ topic, partition: 1, value: `${i}` })
    await producer.flush()
    expect(reports.map(({ offset, error }) => [offset, error])).toEqual(
      Array.from({ length: 3_000 }, (_, i) => [i, undefined]),
    )
    const records = await read(kafka, topic)
    expect(texts(records.filter(({ partition }) => partition === 0))).toEqual(values)
  })

  it('a producer for a function is flushed and closed at its end, also when it throws', async () => {
    const [kafka, topic] = [ground.kafka(), await ground.topic('scoped')]
    const result = await kafka.producer({ lingerMs: 1_000, value: json<string>() }, (producer) => {
      void producer.enqueue({ topic, value: 'kept' })
      return 'done'
    })
    const thrown = kafka.producer({ lingerMs: 1_000 }, async (producer) => {
      await producer.enqueue({ topic, value: 'kept too' })
      throw new Error('mine')
    })
    await expect(thrown).rejects.toThrow('mine')
    expect([result, texts(await read(kafka, topic))]).toEqual(['done', ['"kept"', 'kept too']])
  })

  it('a transaction shows all of its records or none, and throws the error of its function on', async () => {
    const [kafka, topic] = [ground.kafka(), await ground.topic('atomic', 2)]
    const options = { transactionalId: `atomic-${topic}` }
    const aborted: unknown[] = []
    for (let i = 0; i < 6; i++) {
      const running = kafka.transaction(
        async (tx) => {
          await tx.sendBatch([0, 1].map((partition) => ({ topic, partition, value: `${i}` })))
          void tx.topic(topic).enqueue({ partition: 0, value: `${i} more` })
          if (i % 3 === 2) throw new Error(`no ${i}`)
          return i
        },
        { ...options, onAbort: (error) => aborted.push((error as Error).message) },
      )
      if (i % 3 === 2) await expect(running).rejects.toThrow(`no ${i}`)
      else expect(await running).toBe(i)
    }
    const committed = ['0', '0 more', '1', '1 more', '3', '3 more', '4', '4 more', '0', '1', '3', '4']
    expect(texts(await read(kafka, topic))).toEqual(committed)
    expect(aborted).toEqual(['no 2', 'no 5'])
  })

  it('a failed record makes a transaction abort, awaited or not; the next one is fine', async () => {
    const [kafka, topic] = [ground.kafka(), await ground.topic('failing')]
    const producer = kafka.producer({ transactionalId: `failing-${topic}` })
    const tx = await producer.beginTransaction()
    await tx.send({ topic, value: 'never seen' })
    await expect(tx.send({ topic, value: 'x', partition: 9 })).rejects.toMatchObject({ code: 'NO_SUCH_PARTITION' })
    await expect(tx.commit()).rejects.toMatchObject({ code: 'TRANSACTION_FAILED', requiresAbort: true })
    await tx.abort()
    const next = await producer.beginTransaction()
    await next.send({ topic, value: 'seen' })
    await next.commit()
    await expect(next.send({ topic, value: 'late' })).rejects.toMatchObject({ code: 'TRANSACTION_ENDED' })
    await expect(producer.send({ topic, value: 'outside' })).rejects.toMatchObject({ code: 'NO_TRANSACTION' })
    expect(texts(await read(kafka, topic))).toEqual(['seen'])
  })

  it('offsets of a batch are committed with the records made of it, and read again after an abort', async () => {
    const [kafka, from, to] = [ground.kafka(), await ground.topic('from'), await ground.topic('to')]
    const groupId = `copier-${from}`
    await ground.produce(
      from,
      Array.from({ length: 300 }, (_, i) => ({ partition: 0, value: `${i}` })),
    )
    const consumer = kafka.consumer({ groupId, autoOffsetReset: 'earliest', maxPartitionFetchBytes: 1_000 })
    consumer.assign([{ topic: from, partition: 0 }])
    let turns = 0
    for await (const batch of consumer.batches()) {
      const end = batch.nextOffset
      const fails = turns++ % 2 === 0
      const copying = kafka.transaction(
        async (tx) => {
          await tx.sendBatch(to, texts([...batch]))
          await tx.commitOffsets(batch)
          if (fails) throw new Error('again')
        },
        { transactionalId: `copier-${from}` },
      )
      if (fails) await expect(copying).rejects.toThrow('again')
      else await copying
      if (!fails && end >= 300) break
    }
    expect(await consumer.committed([{ topic: from, partition: 0 }])).toMatchObject([{ offset: 300 }])
    expect(texts(await read(kafka, to))).toEqual(Array.from({ length: 300 }, (_, i) => `${i}`))
  })
})
