// What fails at the end of a consumer, or of a subscription, is told to whoever waits for that end. [test process]
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ConsumerOptions, MillraceError } from '../../src/index.ts'
import { errorOf, Reading, within } from '../support/reading.ts'

/** A busy machine must not keep the listener from being heard. */
const PATIENT = { timeoutMs: 60_000 }

let reading: Reading
beforeEach(async () => {
  reading = await Reading.start('inline', {}, { groups: { heartbeatIntervalMs: 50 } })
  for (const topic of ['t', 'u']) {
    reading.broker.createTopic(topic, { partitions: 1 })
    await reading.broker.seed(topic, ['a', 'b'])
  }
})
afterEach(() => reading[Symbol.asyncDispose]())

/** A member whose listener cannot give anything up, with a record in hand. */
async function joined(options: ConsumerOptions = {}) {
  const onRevoked = async () => {
    throw new Error('not now')
  }
  const consumer = reading.kafka.consumer({
    ...{ groupId: 'g', topics: ['t'], autoOffsetReset: 'earliest', heartbeatIntervalMs: 50 },
    rebalanceListener: { onRevoked },
    ...options,
  })
  const record = await within('recv', 20_000, consumer.recv())
  record.ack()
  return consumer
}

const members = () => reading.broker.group('g')?.members ?? []

test('close throws it when everything else is done', async () => {
  const consumer = await joined()
  expect(await errorOf(consumer.close(PATIENT))).toMatchObject({ message: 'not now' })
  expect(members()).toEqual([])
  expect(reading.broker.group('g')?.offsets).toMatchObject([{ topic: 't', offset: 1 }])
  expect(await errorOf(consumer.recv())).toMatchObject({ code: 'CONSUMER_CLOSED' })
})

test('unsubscribe throws it, and the next subscription hears nothing of it', async () => {
  const consumer = await joined()
  expect(await errorOf(consumer.unsubscribe())).toMatchObject({ message: 'not now' })
  expect([members(), consumer.assignment()]).toEqual([[], []])
  consumer.subscribe('u', {})
  expect(await within('recv', 20_000, consumer.recv())).toMatchObject({ topic: 'u', offset: 0 })
  await consumer.close(PATIENT)
})

test('an error of ours that an error listener was told of is not thrown as well', async () => {
  const told: MillraceError[] = []
  const commit = () => consumer.commit([{ topic: 'nobody', partition: 0, offset: 1 }])
  const consumer = await joined({ rebalanceListener: { onRevoked: commit } })
  consumer.on('error', (error) => told.push(error))
  await consumer.close(PATIENT)
  expect(told).toMatchObject([{ code: 'NOT_ASSIGNED', topic: 'nobody' }])
})

test('without one it is thrown, though it is one of ours', async () => {
  const commit = () => consumer.commit([{ topic: 'nobody', partition: 0, offset: 1 }])
  const consumer = await joined({ rebalanceListener: { onRevoked: commit } })
  expect(await errorOf(consumer.unsubscribe())).toMatchObject({ code: 'NOT_ASSIGNED', topic: 'nobody' })
  await consumer.close(PATIENT)
})
