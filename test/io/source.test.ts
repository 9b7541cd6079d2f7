// The fetch loop of a reader at a broker, simulated: what counts as silence, what is asked again, and when. [test]
import { expect, test } from 'vitest'
import type { ConsumerRecord } from '../../src/delivery/record.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { simulate } from '../../src/wiring/simulated.ts'

const values = (count: number, size: number) => Array.from({ length: count }, (_, i) => `${i}`.padEnd(size, '.'))

test('a reader that was paused for long outlives the loss of its connection', async () => {
  await using world = await simulate({ seed: 1 })
  world.createTopic('events', { partitions: 1 })
  await world.append('events', values(400, 10_000), { batchRecords: 10 })
  const kafka = world.client({ bufferBytes: 1_048_576, defaultApiTimeoutMs: 60_000 })
  const records = kafka.iterate('events')[Symbol.asyncIterator]()
  await world.until(records.next())
  // Nobody pulls for half an hour: the buffer is full, no fetch is sent, the broker owes no answer.
  await world.advance(1_800_000)
  world.broker.disconnectAll()
  const rest = (async () => {
    let count = 1
    while (!(await records.next()).done) count++
    return count
  })()
  expect(await world.until(rest)).toBe(400)
})

test('a broker that takes fetches and never answers is given up after defaultApiTimeoutMs', async () => {
  await using world = await simulate({ seed: 2 })
  world.createTopic('events', { partitions: 1 })
  await world.append('events', ['a'])
  const kafka = world.client({ defaultApiTimeoutMs: 60_000, requestTimeoutMs: 10_000 })
  world.broker.on('Fetch', () => ({ drop: true }))
  const startMs = world.clock.now()
  const failed = kafka
    .iterate('events')
    [Symbol.asyncIterator]()
    .next()
    .then(
      () => undefined,
      (error: unknown) => error,
    )
  expect(await world.until(failed)).toMatchObject({ name: 'Disconnected', topic: 'events', partition: 0, offset: 0 })
  expect(world.clock.now() - startMs).toBeGreaterThan(50_000)
  expect(world.clock.now() - startMs).toBeLessThan(120_000)
})

test.each([
  ['an unknown session', ErrorCode.FETCH_SESSION_ID_NOT_FOUND],
  ['a wrong epoch', ErrorCode.INVALID_FETCH_SESSION_EPOCH],
  ['a session of the other kind of names', ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR],
])('%s makes the next request a full one, and loses nothing', async (_, errorCode) => {
  await using world = await simulate({ seed: 3 })
  world.createTopic('events', { partitions: 3 })
  const items = values(300, 50).map((value, i) => ({ value, partition: i % 3 }))
  const kafka = world.client({ fetchMaxWaitMs: 100 })
  let refused = 0
  const epochs: number[] = []
  world.broker.on('Fetch', ({ sessionEpoch }) => {
    epochs.push(sessionEpoch)
    if (epochs.length % 5 !== 0 || refused >= 10) return undefined
    refused++
    return { response: { errorCode, sessionId: 0, responses: [] } }
  })
  const read: ConsumerRecord[] = []
  const reading = (async () => {
    for await (const record of kafka.iterate('events', { until: 'never' })) {
      read.push(record)
      if (read.length === 300) return
    }
  })()
  for (let i = 0; i < 300; i += 10) {
    await world.append('events', items.slice(i, i + 10))
    await world.advance(250)
  }
  await world.until(reading)
  expect(refused).toBe(10)
  // After each refusal comes a full request: epoch 0.
  expect(epochs.filter((epoch, i) => epoch === 0 && (i === 0 || i % 5 === 0)).length).toBeGreaterThanOrEqual(10)
  expect(new Set(read.map(({ partition, offset }) => `${partition}/${offset}`)).size).toBe(300)
})

test('a broker that refuses full requests as well is not asked in a hot loop', async () => {
  await using world = await simulate({ seed: 4 })
  world.createTopic('events', { partitions: 1 })
  await world.append('events', ['a'])
  let asked = 0
  world.broker.on('Fetch', () => {
    asked++
    return { response: { errorCode: ErrorCode.FETCH_SESSION_ID_NOT_FOUND, responses: [] } }
  })
  const kafka = world.client()
  const iteration = kafka.iterate('events', { until: 'never' })
  const first = iteration[Symbol.asyncIterator]().next()
  await world.advance(10_000)
  expect(asked).toBeGreaterThan(2)
  expect(asked).toBeLessThan(200)
  world.broker.off()
  expect((await world.until(first)).value?.offset).toBe(0)
})

test('an offset that is out of range wherever one starts is not asked for in a hot loop', async () => {
  await using world = await simulate({ seed: 5 })
  world.createTopic('events', { partitions: 1 })
  await world.append('events', ['a'])
  let asked = 0
  world.broker.on('Fetch', () => {
    asked++
    return {
      edit: (response) => {
        for (const { partitions } of response.responses) {
          for (const partition of partitions) Object.assign(partition, { errorCode: 1, records: null })
        }
        return undefined
      },
    }
  })
  const kafka = world.client()
  const first = kafka.iterate('events', { until: 'never' })[Symbol.asyncIterator]().next()
  await world.advance(10_000)
  expect(asked).toBeGreaterThan(2)
  expect(asked).toBeLessThan(300)
  world.broker.off()
  expect((await world.until(first)).value?.offset).toBe(0)
})

test('a partition that is stopped is forgotten by the session', async () => {
  await using world = await simulate({ seed: 6 })
  world.createTopic('events', { partitions: 2 })
  await world.append('events', [
    { value: 'a', partition: 0 },
    { value: 'b', partition: 1 },
  ])
  const forgotten: number[] = []
  world.broker.on('Fetch', ({ forgottenTopicsData }) => {
    forgotten.push(...forgottenTopicsData.flatMap(({ partitions }) => partitions))
    return undefined
  })
  const kafka = world.client({ fetchMaxWaitMs: 100 })
  const iteration = kafka.iterate('events', { until: 'never' })
  const records = iteration[Symbol.asyncIterator]()
  await world.until(records.next())
  await world.until(records.next())
  await world.advance(500)
  iteration.stop('events', 1)
  await world.advance(1_000)
  expect(forgotten).toEqual([1])
  await world.append('events', [
    { value: 'c', partition: 1 },
    { value: 'd', partition: 0 },
  ])
  expect(String((await world.until(records.next())).value?.value)).toBe('d')
})
