// What is asked of a consumer while it is being closed opens nothing behind its end. [test process]
import { afterEach, beforeEach, expect, test } from 'vitest'
import { ConsumerCommits } from '../../src/client/consumer-commits.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { errorOf, Reading, within } from '../support/reading.ts'

let reading: Reading
beforeEach(async () => {
  reading = await Reading.start('inline')
  reading.broker.createTopic('t', { partitions: 1 })
})
afterEach(() => reading[Symbol.asyncDispose]())

function consume(kafka = reading.kafka) {
  const consumer = kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest' })
  consumer.assign([{ topic: 't', partition: 0 }])
  return consumer
}

/** It has so many records in hand. */
async function received(max: number) {
  await reading.broker.seed('t', [...Array(max).keys()].map(String))
  const consumer = consume()
  expect(await consumer.poll({ max })).toHaveLength(max)
  return consumer
}

/** An engine that starts when `start` is called. */
function commitsOf(groupId: string | undefined) {
  let start = () => {}
  const starting = new Promise<Engine>((resolve) => (start = () => resolve({} as Engine)))
  const commits = new ConsumerCommits({
    ...{ groupId, autoCommit: true, autoCommitIntervalMs: 1_000, timeoutMs: 1_000, identity: () => 'none' },
    ...{ answered() {}, committed() {}, failed() {}, engine: () => starting },
  })
  return { commits, start }
}

test('whoever waits for the engine when the consumer is closed is refused, and whoever comes later', async () => {
  const { commits, start } = commitsOf('g')
  const asked = [commits.open(), commits.group()].map(errorOf)
  commits.close()
  start()
  for (const one of [...asked, errorOf(commits.open()), errorOf(commits.group())]) {
    expect(await one).toMatchObject({ code: 'CONSUMER_CLOSED' })
  }
})

test('without a group nothing is opened behind the end either', async () => {
  const { commits } = commitsOf(undefined)
  expect(await commits.open()).toBeUndefined()
  expect(await errorOf(commits.group())).toMatchObject({ code: 'NO_GROUP' })
  commits.close()
  expect(await errorOf(commits.open())).toMatchObject({ code: 'CONSUMER_CLOSED' })
})

test('a commit that overlaps the end of the consumer is refused', async () => {
  await reading.broker.seed('t', ['a'])
  const consumer = consume()
  const committing = errorOf(consumer.commit())
  await consumer.close()
  expect(await committing).toMatchObject({ code: 'CONSUMER_CLOSED' })
})

test('a consumer that is closed before it knows where to start ends loops, and refuses who waits', async () => {
  await reading.broker.seed('t', ['a'])
  const [looping, asking] = [consume(), consume(reading.client())]
  // The coordinator says what is committed when the consumers are gone.
  let answer = () => {}
  let asked = 0
  const answering = new Promise<void>((resolve) => (answer = resolve))
  reading.broker.on('OffsetFetch', async () => {
    asked++
    await answering
    return undefined
  })
  const loop = (async () => {
    for await (const record of looping) return record
    return 'ended'
  })()
  const receiving = errorOf(asking.recv())
  while (asked < 2) await new Promise((resolve) => setTimeout(resolve, 5))
  await Promise.all([looping.close(), asking.close()])
  answer()
  expect(await within('the loop', 5_000, loop)).toBe('ended')
  expect(await within('recv', 5_000, receiving)).toMatchObject({ code: 'CONSUMER_CLOSED' })
})

test('a commit that is refused leaves its records unprocessed', async () => {
  const consumer = await received(5)
  const accept = reading.broker.on('OffsetCommit', () => ({ errorCode: ErrorCode.OFFSET_METADATA_TOO_LARGE }))
  const refused = errorOf(consumer.commit([{ topic: 't', partition: 0, offset: 5, metadata: 'too much' }]))
  expect(await refused).toMatchObject({ kafkaCode: ErrorCode.OFFSET_METADATA_TOO_LARGE })
  accept()
  await consumer.close({ timeoutMs: 60_000 })
  expect(reading.broker.group('g')?.offsets ?? []).toEqual([])
})

test('a seek while offsets are on their way to the group: what they say is not processed behind it', async () => {
  const consumer = await received(5)
  let answer = () => {}
  const answering = new Promise<void>((resolve) => (answer = resolve))
  const asked = new Promise<void>((resolve) => {
    reading.broker.on('OffsetCommit', async () => {
      resolve()
      await answering
      return undefined
    })
  })
  const committing = consumer.commit([{ topic: 't', partition: 0, offset: 5 }])
  await asked
  await consumer.seek({ topic: 't', partition: 0 }, 1)
  await consumer.poll({ max: 5 })
  answer()
  await committing
  await consumer.close({ timeoutMs: 60_000 })
  expect(reading.broker.group('g')?.offsets).toMatchObject([{ offset: 1 }])
})

test.each([5, {}])('metadata that is no text is refused before anything is sent: %j', async (metadata) => {
  const consumer = await received(2)
  const asked = { topic: 't', partition: 0, offset: 1, metadata: metadata as never }
  expect(await errorOf(consumer.commit([asked]))).toMatchObject({ code: 'INVALID_OPTION', topic: 't', partition: 0 })
  await consumer.close({ timeoutMs: 60_000 })
})
