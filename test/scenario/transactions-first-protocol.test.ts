// Transactions on a Kafka that is without KIP-890: partitions and offsets are added by requests of their own.
// [test process]
import { expect, test } from 'vitest'
import { Kafka } from '../../src/index.ts'
import { ownKafkaDescribe } from '../support/kafka-describe.ts'

ownKafkaDescribe('real Kafka with transaction.version 0', { features: { 'transaction.version': 0 } }, (real) => {
  const client = () => new Kafka({ brokers: real.brokers, threads: 'inline' })
  const committed = async (topic: string) => {
    const read = await real.java.consume(topic, { 'isolation.level': 'read_committed' })
    return read.map(({ value }) => String(value)).sort()
  }

  test('transactions commit and abort in turn, with offsets of a group', { timeout: 60_000 }, async () => {
    const [topic, source] = [await real.topic('first', { partitions: 2 }), await real.topic('source')]
    await using kafka = client()
    for (let i = 0; i < 6; i++) {
      const sent = kafka.transaction(
        async (tx) => {
          await tx.sendBatch([0, 1].map((partition) => ({ topic, partition, value: `${i}.${partition}` })))
          await tx.commitOffsets([{ topic: source, partition: 0, offset: i + 1 }], { groupId: topic })
          if (i % 3 === 2) throw new Error('changed my mind')
        },
        { transactionalId: topic },
      )
      if (i % 3 === 2) await expect(sent).rejects.toThrow('changed my mind')
      else await sent
    }
    expect(await committed(topic)).toEqual(['0.0', '0.1', '1.0', '1.1', '3.0', '3.1', '4.0', '4.1'])
    expect(await real.java.committed(topic)).toMatchObject([{ topic: source, partition: 0, offset: 5 }])
    // The second protocol would have raised the epoch by each of the six.
    const engine = await kafka.engine()
    const body = { transactionalIds: [topic] }
    const call = { op: 'request', target: 'any', api: 'DescribeTransactions', body } as const
    const { transactionStates } = (await engine.call(call, { timeoutMs: 10_000 })) as {
      transactionStates: { producerEpoch: number }[]
    }
    expect(transactionStates).toMatchObject([{ producerEpoch: 0 }])
  })

  test('a record that is refused makes way for the next transaction', { timeout: 60_000 }, async () => {
    const topic = await real.topic('refused', { configs: { 'max.message.bytes': '1000' } })
    await using kafka = client()
    const options = { transactionalId: topic }
    const refused = kafka.transaction(async (tx) => {
      await tx.send({ topic, value: 'before' })
      await tx.send({ topic, value: 'x'.repeat(2_000) })
    }, options)
    await expect(refused).rejects.toMatchObject({ name: 'MessageTooLarge', stored: 'not stored' })
    await kafka.transaction(async (tx) => void (await tx.send({ topic, value: 'after' })), options)
    expect(await committed(topic)).toEqual(['after'])
  })

  test('who was replaced never commits', { timeout: 60_000 }, async () => {
    const topic = await real.topic('fenced')
    await using old = client()
    await using young = client()
    const options = { transactionalId: topic }
    const zombie = old.transaction(async (tx) => {
      await tx.send({ topic, value: 'zombie' })
      await young.transaction(async (other) => void (await other.send({ topic, value: 'young' })), options)
    }, options)
    await expect(zombie).rejects.toMatchObject({ fatal: true })
    expect(await committed(topic)).toEqual(['young'])
  })
})
