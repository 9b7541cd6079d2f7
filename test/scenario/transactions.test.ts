// Transactions as users write them, on both brokers and on a Kafka without KIP-890, where partitions and offsets are
// added by requests of their own: all or nothing, whatever happens in between. [test process]
import { expect, test } from 'vitest'
import type { Kafka } from '../../src/index.ts'
import { type Ground, onEveryGround, onOwnKafka } from '../support/grounds.ts'

async function valuesOf(kafka: Kafka, topic: string): Promise<string[]> {
  const values: string[] = []
  for await (const record of kafka.iterate(topic, { isolationLevel: 'read_committed' }))
    values.push(String(record.value))
  return values.sort()
}

const scenario = (ground: Ground) => {
  test('are seen when they commit, and never when they throw; many in a row', { timeout: 60_000 }, async () => {
    const topic = await ground.topic('transactions', 2)
    const kafka = ground.kafka()
    const options = { transactionalId: topic }
    for (let i = 0; i < 12; i++) {
      const sent = kafka.transaction(async (tx) => {
        await Promise.all([0, 1, 2].map((j) => tx.send({ topic, partition: j % 2, value: `${i}.${j}` })))
        if (i % 3 === 2) throw new Error('changed my mind')
      }, options)
      if (i % 3 === 2) await expect(sent).rejects.toThrow('changed my mind')
      else await sent
    }
    const expected = Array.from({ length: 12 }, (_, i) => (i % 3 === 2 ? [] : [`${i}.0`, `${i}.1`, `${i}.2`])).flat()
    expect(await valuesOf(kafka, topic)).toEqual(expected.sort())
  })

  test('that fail on a record are aborted, and the next one commits', { timeout: 60_000 }, async () => {
    const topic = `${await ground.topic('failing')}-small`
    const kafka = ground.kafka()
    await kafka.admin.createTopics([{ topic, configs: { 'max.message.bytes': '1000' } }])
    const options = { transactionalId: topic }
    const tooLarge = kafka.transaction(async (tx) => {
      await tx.send({ topic, value: 'before' })
      await tx.send({ topic, value: 'x'.repeat(2_000) })
    }, options)
    await expect(tooLarge).rejects.toMatchObject({ name: 'MessageTooLarge', stored: 'not stored' })
    await kafka.transaction(async (tx) => void (await tx.send({ topic, value: 'after' })), options)
    expect(await valuesOf(kafka, topic)).toEqual(['after'])
  })

  test('of a producer that was replaced never commit', { timeout: 60_000 }, async () => {
    const topic = await ground.topic('fenced')
    const [old, young] = [ground.kafka(), ground.kafka()]
    const options = { transactionalId: topic }
    const zombie = old.transaction(async (tx) => {
      await tx.send({ topic, value: 'zombie' })
      await young.transaction(async (other) => void (await other.send({ topic, value: 'young' })), options)
    }, options)
    await expect(zombie).rejects.toMatchObject({ fatal: true })
    expect(await valuesOf(young, topic)).toEqual(['young'])
  })

  test('carry the offsets of a group, or not', { timeout: 60_000 }, async () => {
    const [topic, source] = [await ground.topic('copy'), await ground.topic('source')]
    await ground.produce(
      source,
      Array.from({ length: 10 }, (_, i) => ({ value: `${i}` })),
    )
    const kafka = ground.kafka()
    const options = { transactionalId: topic }
    const copy = (from: number, fail: boolean) =>
      kafka.transaction(async (tx) => {
        for (let i = from; i < from + 5; i++) await tx.send({ topic, value: `${i}` })
        await tx.commitOffsets([{ topic: source, partition: 0, offset: from + 5 }], { groupId: topic })
        if (fail) throw new Error('no')
      }, options)
    const committed = async () => {
      await using consumer = kafka.consumer({ groupId: topic })
      return (await consumer.committed([{ topic: source, partition: 0 }]))[0]?.offset
    }
    await copy(0, false)
    expect(await committed()).toBe(5)
    await expect(copy(5, true)).rejects.toThrow('no')
    expect(await committed()).toBe(5)
    await copy(5, false)
    expect(await committed()).toBe(10)
    expect(await valuesOf(kafka, topic)).toEqual(Array.from({ length: 10 }, (_, i) => `${i}`))
  })
}

onEveryGround('transactions', scenario)

const first = { features: { 'transaction.version': 0 } }
onOwnKafka('transactions: real Kafka with transaction.version 0', first, (ground) => {
  scenario(ground)

  test('are those of the first protocol: no end raises the epoch', { timeout: 60_000 }, async () => {
    const topic = await ground.topic('epoch')
    const kafka = ground.kafka()
    for (let i = 0; i < 3; i++) {
      await kafka.transaction(async (tx) => void (await tx.send({ topic, value: `${i}` })), { transactionalId: topic })
    }
    const engine = await kafka.engine()
    const body = { transactionalIds: [topic] }
    const call = { op: 'request', target: 'any', api: 'DescribeTransactions', body } as const
    const { transactionStates } = (await engine.call(call, { timeoutMs: 10_000 })) as {
      transactionStates: { producerEpoch: number }[]
    }
    expect(transactionStates).toMatchObject([{ producerEpoch: 0 }])
  })
})
