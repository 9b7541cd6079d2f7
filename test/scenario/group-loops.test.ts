// Whoever waits for the records of a group is answered when its consumer is closed. [test process]
import { expect, test } from 'vitest'
import type { Consumer } from '../../src/index.ts'
import { onEveryGround } from '../support/grounds.ts'

const waits: [string, (consumer: Consumer) => Promise<unknown>, unknown][] = [
  ['a loop', (consumer) => consumer[Symbol.asyncIterator]().next(), { done: true, value: undefined }],
  ['a loop over batches', (consumer) => consumer.batches().next(), { done: true, value: undefined }],
  ['a flow', (consumer) => consumer.map(String).toArray(), []],
  ['recv', (consumer) => consumer.recv().catch(({ code }) => code), 'CONSUMER_CLOSED'],
  ['poll', (consumer) => consumer.poll().catch(({ code }) => code), 'CONSUMER_CLOSED'],
  ['run', (consumer) => consumer.run({ eachRecord: async () => {} }), undefined],
]

onEveryGround('the end of a group', (ground) => {
  test.each(waits)('%s that waits for records ends when the consumer is closed', async (_, wait, answer) => {
    const topic = await ground.topic('ends')
    const consumer: Consumer = ground.kafka().consumer({ groupId: topic, topics: [topic], autoOffsetReset: 'earliest' })
    const waiting = wait(consumer)
    while (consumer.assignment().length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    // It has its partition and goes to sleep over it.
    await new Promise((resolve) => setTimeout(resolve, 50))
    await consumer.close()
    expect(await waiting).toEqual(answer)
  })
})
