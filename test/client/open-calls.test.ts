// What is asked for a consumer ends with it. [test process]
import { expect, test } from 'vitest'
import { OpenCalls } from '../../src/client/open-calls.ts'
import { errorOf, Reading, within } from '../support/reading.ts'

test('calls end together, or by the signal of whoever waits, and those that are done are forgotten', async () => {
  const calls = new OpenCalls()
  const told: string[] = []
  const hang = (name: string) => (ending: AbortSignal) =>
    new Promise<never>((_, reject) => {
      ending.addEventListener('abort', () => {
        told.push(name)
        reject(ending.reason)
      })
    })
  expect(await calls.run(undefined, async () => 5)).toBe(5)
  const given = new AbortController()
  const [first, second] = [
    errorOf(calls.run(given.signal, hang('first'))),
    errorOf(calls.run(undefined, hang('second'))),
  ]
  const deaf = errorOf(calls.run(undefined, () => new Promise(() => {})))
  given.abort(new Error('enough'))
  expect(await first).toMatchObject({ message: 'enough' })
  expect(told).toEqual(['first'])
  calls.end(new Error('over'))
  expect(await second).toMatchObject({ message: 'over' })
  expect(await deaf).toMatchObject({ message: 'over' })
  expect(told).toEqual(['first', 'second'])
  expect(await errorOf(calls.run(undefined, async () => told.push('third')))).toMatchObject({ message: 'over' })
  const fired = new OpenCalls().run(AbortSignal.abort(new Error('before')), async (ending) => ending.throwIfAborted())
  expect(await errorOf(fired)).toMatchObject({ message: 'before' })
  expect(told).toEqual(['first', 'second'])
})

test('questions of a consumer that is closed are refused, though no broker answers them', async () => {
  await using reading = await Reading.start('inline')
  reading.broker.createTopic('t', { partitions: 1 })
  await reading.broker.seed('t', ['a', 'b'])
  const P0 = { topic: 't', partition: 0 }
  const consumer = reading.kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest', autoCommit: false })
  consumer.assign([P0])
  await consumer.recv()
  let answer = () => {}
  const answering = new Promise<void>((resolve) => (answer = resolve))
  const never = async () => {
    await answering
    return undefined
  }
  reading.broker.on('OffsetFetch', never)
  reading.broker.on('ListOffsets', never)
  const asked = {
    committed: consumer.committed([P0]),
    endOffsets: consumer.endOffsets([P0]),
    beginningOffsets: consumer.beginningOffsets([P0]),
    offsetsForTimes: consumer.offsetsForTimes([{ ...P0, timestamp: 5 }]),
    seek: consumer.seek(P0, 'latest'),
  }
  const refused = Object.entries(asked).map(([what, one]) => within(what, 20_000, errorOf(one)))
  await consumer.close()
  for (const error of await Promise.all(refused)) expect(error).toMatchObject({ code: 'CONSUMER_CLOSED' })
  answer()
})
