// What a producer and retry refuse to begin with, in words that say what they take. [test process]
import { beforeAll, expect, test } from 'vitest'
import { retry } from '../../src/client/retry.ts'
import type { Producer } from '../../src/index.ts'
import { inlineKafka } from '../support/inline-kafka.ts'
import { errorOf } from '../support/reading.ts'

const given = inlineKafka()
beforeAll(() => given.broker.createTopic('events', { partitions: 1 }))

test.each<[what: string, call: (producer: Producer) => unknown, said: RegExp]>([
  ['send(undefined)', (producer) => producer.send(undefined as never), /not undefined/],
  ['send of text', (producer) => producer.send('events' as never), /not 'events'/],
  ['sendBatch([null])', (producer) => producer.sendBatch([null as never]), /not null/],
  ['enqueue()', (producer) => (producer.enqueue as () => unknown)(), /not undefined/],
  [
    'headers that are a number',
    (producer) => producer.send({ topic: 'events', headers: 5 as never }),
    /headers.*not 5/i,
  ],
])('%s is an error that says what a record is, and that nothing was stored', async (_, call, said) => {
  const producer = given.kafka.producer()
  await producer.send({ topic: 'events', value: 'first' })
  const error = await errorOf((async () => call(producer))())
  expect(error).toMatchObject({ name: 'InvalidOption', stored: 'not stored' })
  expect(error.message).toMatch(said)
})

test('retry without a function is an error that says so', async () => {
  expect(await errorOf((retry as () => Promise<unknown>)())).toMatchObject({ name: 'InvalidOption' })
})

test('kafka.producer runs a function that comes without options, and refuses what is none', async () => {
  const sent = await given.kafka.producer(async (producer) => producer.send({ topic: 'events', value: 'x' }))
  expect(sent.topic).toBe('events')
  expect(() => given.kafka.producer({}, 5 as never)).toThrow(/takes a function/)
})
