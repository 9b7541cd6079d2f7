// `withTopic` gives a test a topic of its own, and takes it away whatever happens.
import { expect, test } from 'vitest'
import { withTopic } from '../../src/broker/index.ts'
import { inlineKafka } from '../support/inline-kafka.ts'

const given = inlineKafka()

test('the topic is there with its partitions and settings, gives what the test gives, and is gone', async () => {
  const found = await withTopic(
    given.kafka,
    { partitions: 3, configs: { 'cleanup.policy': 'compact' } },
    async (topic) => {
      expect(given.broker.topics).toEqual([topic])
      const [described] = await given.kafka.admin.describeTopics([topic], { configs: true })
      return described
    },
  )
  expect(found?.partitions).toHaveLength(3)
  expect(found?.configs?.['cleanup.policy']).toBe('compact')
  expect(given.broker.topics).toEqual([])
})

test('two at once never meet', async () => {
  const names = await Promise.all([1, 2].map(() => withTopic(given.kafka, { prefix: 'pair' }, (topic) => topic)))
  expect(new Set(names).size).toBe(2)
  for (const name of names) expect(name).toMatch(/^pair-[a-z0-9]{14}$/)
})

test('a test that throws loses its topic as well, and its own error counts', async () => {
  const failing = withTopic(given.kafka, {}, (topic) => {
    given.broker.deleteTopic(topic)
    throw new Error('of the test')
  })
  await expect(failing).rejects.toThrow('of the test')
  await expect(withTopic(given.kafka, {}, () => Promise.reject(new Error('again')))).rejects.toThrow('again')
  expect(given.broker.topics).toEqual([])
})
