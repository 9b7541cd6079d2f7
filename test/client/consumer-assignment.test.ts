// What is asked of a partition that the group just gave waits until it is known where it starts. [test process]
import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Clock, systemClock } from '../../src/base/clock.ts'
import { ConsumerAssignment } from '../../src/client/consumer-assignment.ts'
import type { ConsumerSource } from '../../src/client/consumer-source.ts'
import type { ConsumerOptions } from '../../src/index.ts'
import { errorOf, pause, Reading, within } from '../support/reading.ts'

const P0 = { topic: 't', partition: 0 }
const P1 = { topic: 't', partition: 1 }

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
async function joined(options: ConsumerOptions = {}) {
  const consumer = reading.kafka.consumer({ groupId: 'g', topics: ['t'], autoOffsetReset: 'earliest', ...options })
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

/** A group gave two partitions, and nobody says where they start. */
function startless(clock: Clock) {
  const source = { engine: { clock }, find: () => undefined, remove() {} } as unknown as ConsumerSource
  const assignment = new ConsumerAssignment({ open: async () => source, opened() {}, left: async () => {} })
  assignment.change()
  assignment.name([P0, P1])
  const called: unknown[] = []
  const asked = errorOf(assignment.each([P0, P1], { timeoutMs: 60_000 }, (_, name) => called.push(name)))
  return { assignment, called, asked }
}

test('a partition that goes meanwhile is refused by its name, and nothing is called for the others', async () => {
  const { assignment, called, asked } = startless(systemClock)
  await assignment.open()
  assignment.remove([P1])
  expect(await asked).toMatchObject({ code: 'NOT_ASSIGNED', ...P1 })
  expect(called).toEqual([])
})

test('a start that nobody says is not waited for longer than a call may take', async () => {
  let nowMs = 7
  const waits: number[] = []
  const after = (delayMs: number, callback: () => void) => {
    waits.push(delayMs)
    nowMs += delayMs
    queueMicrotask(callback)
    return { cancel() {} }
  }
  const { called, asked } = startless({ now: () => nowMs, wall: () => nowMs, after })
  expect(await asked).toMatchObject({ code: 'START_UNKNOWN', retriable: true, ...P0 })
  expect([waits, called]).toEqual([[60_000], []])
})

test('who waits when the consumer is closed is refused', async () => {
  const { consumer, receiving } = await joined()
  const asked = [receiving, consumer.seek(P0, 7), consumer.pause([P0])].map(errorOf)
  await consumer.close()
  for (const one of asked)
    expect(await within('what was asked', 10_000, one)).toMatchObject({ code: 'CONSUMER_CLOSED' })
  answer()
})
