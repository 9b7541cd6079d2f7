// What is asked of a partition that the group just gave waits until it is known where it starts. [test process]
import { afterEach, beforeEach, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { ConsumerAssignment } from '../../src/client/consumer-assignment.ts'
import type { ConsumerSource } from '../../src/client/consumer-source.ts'
import type { ConsumerOptions } from '../../src/index.ts'
import { errorOf, pause, Reading, within } from '../support/reading.ts'

const P0 = { topic: 't', partition: 0 }

let reading: Reading
/** The coordinator says from here on what is committed. */
let answer: () => void
beforeEach(async () => {
  reading = await Reading.start('inline')
  reading.broker.createTopic('t', { partitions: 1 })
  await reading.broker.seed('t', [...Array(10).keys()].map(String))
  const answering = new Promise<void>((resolve) => (answer = resolve))
  reading.broker.on('OffsetFetch', async () => {
    await answering
    return undefined
  })
})
afterEach(() => reading[Symbol.asyncDispose]())

/** A member that asks for a record, and whose group gave it the partition a moment ago. */
async function joined(options: ConsumerOptions = {}, kafka = reading.kafka) {
  const consumer = kafka.consumer({ groupId: 'g', topics: ['t'], autoOffsetReset: 'earliest', ...options })
  const receiving = consumer.recv()
  while (consumer.assignment().length === 0) await pause(5)
  return { consumer, receiving }
}

test('a seek is not lost', async () => {
  const { consumer, receiving } = await joined()
  const seeking = consumer.seek(P0, 7)
  answer()
  await seeking
  expect(await within('recv', 10_000, receiving)).toMatchObject({ offset: 7 })
})

test('a pause and a resume count, and so does a commit', async () => {
  const { consumer, receiving } = await joined({ autoCommit: false })
  const asked = [consumer.pause([P0]), consumer.resume([P0]), consumer.pause([P0])]
  const committing = consumer.commit([{ ...P0, offset: 0 }])
  answer()
  await Promise.all([...asked, committing])
  expect(consumer.paused()).toEqual([P0])
  expect(await consumer.committed([P0])).toMatchObject([{ offset: 0 }])
  await consumer.resume([P0])
  expect(await within('recv', 10_000, receiving)).toMatchObject({ offset: 0 })
})

test('a partition that goes meanwhile is refused by its name, and nothing is called for the others', async () => {
  const source = { engine: { clock: systemClock }, find: () => undefined, remove() {} } as unknown as ConsumerSource
  const assignment = new ConsumerAssignment({ open: async () => source, opened() {}, left: async () => {} })
  const P1 = { topic: 't', partition: 1 }
  assignment.change()
  assignment.name([P0, P1])
  const called: unknown[] = []
  const asked = errorOf(assignment.each([P0, P1], { timeoutMs: 60_000 }, (_, name) => called.push(name)))
  await assignment.open()
  assignment.remove([P1])
  expect(await asked).toMatchObject({ code: 'NOT_ASSIGNED', ...P1 })
  expect(called).toEqual([])
})

test('who waits when the consumer is closed is refused', async () => {
  const { consumer, receiving } = await joined()
  const asked = [receiving, consumer.seek(P0, 7), consumer.pause([P0])].map(errorOf)
  await consumer.close()
  for (const one of asked)
    expect(await within('what was asked', 10_000, one)).toMatchObject({ code: 'CONSUMER_CLOSED' })
  answer()
})

test('a start that nobody says is not waited for longer than a call may take', async () => {
  const { consumer, receiving } = await joined({}, reading.client({ defaultApiTimeoutMs: 200 }))
  const ended = errorOf(receiving)
  const pausing = errorOf(consumer.pause([P0]))
  expect(await within('pause', 10_000, pausing)).toMatchObject({ code: 'START_UNKNOWN', retriable: true, ...P0 })
  await consumer.close()
  expect(await ended).toMatchObject({ code: 'CONSUMER_CLOSED' })
  answer()
})
