// `withTopic` gives a test a topic of its own, and takes it away whatever happens.
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Broker, withTopic } from '../../src/broker/index.ts'
import { Kafka } from '../../src/index.ts'

let broker: Broker
let kafka: Kafka

beforeAll(async () => {
  broker = await Broker.start()
  kafka = new Kafka({ brokers: broker.addresses, threads: 'inline' })
})

afterAll(async () => {
  await kafka.close()
  await broker.close()
})

test('the topic is there with its partitions and settings, gives what the test gives, and is gone', async () => {
  const found = await withTopic(kafka, { partitions: 3, configs: { 'cleanup.policy': 'compact' } }, async (topic) => {
    expect(broker.topics).toEqual([topic])
    const [described] = await kafka.admin.describeTopics([topic], { configs: true })
    return described
  })
  expect(found?.partitions).toHaveLength(3)
  expect(found?.configs?.['cleanup.policy']).toBe('compact')
  expect(broker.topics).toEqual([])
})

test('two at once never meet', async () => {
  const names = await Promise.all([1, 2].map(() => withTopic(kafka, { prefix: 'pair' }, (topic) => topic)))
  expect(new Set(names).size).toBe(2)
  for (const name of names) expect(name).toMatch(/^pair-[a-z0-9]{14}$/)
})

test('a test that throws loses its topic as well, and its own error counts', async () => {
  const failing = withTopic(kafka, {}, (topic) => {
    broker.deleteTopic(topic)
    throw new Error('of the test')
  })
  await expect(failing).rejects.toThrow('of the test')
  await expect(withTopic(kafka, {}, () => Promise.reject(new Error('again')))).rejects.toThrow('again')
  expect(broker.topics).toEqual([])
})
