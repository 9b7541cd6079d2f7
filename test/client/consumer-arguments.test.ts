// What calls of a consumer take, and what they refuse, before anything is done, saying what they take. [test process]
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Consumer, ConsumerRecord } from '../../src/index.ts'
import { errorOf, Reading } from '../support/reading.ts'

const P0 = { topic: 'events', partition: 0 }
const P1 = { topic: 'events', partition: 1 }

let reading: Reading
beforeAll(async () => {
  reading = await Reading.start('inline')
  reading.broker.createTopic('events', { partitions: 2 })
  await reading.broker.seed(
    'events',
    [...Array(20).keys()].map((i) => ({ value: `v${i}`, partition: i % 2 })),
  )
})
afterAll(() => reading[Symbol.asyncDispose]())

let groups = 0
async function consume(): Promise<Consumer> {
  const consumer = reading.kafka.consumer({ groupId: `g${groups++}`, autoOffsetReset: 'earliest', autoCommit: false })
  consumer.assign([P0, P1])
  return consumer
}

/** As from JavaScript, where nobody checks types. */
// biome-ignore lint/suspicious/noExplicitAny: that is the point
type Untyped = any

describe('commitAsync', () => {
  it('takes a callback alone, and tells it', async () => {
    const consumer = await consume()
    const record = await consumer.recv()
    record.ack()
    const told = await new Promise((resolve) => {
      consumer.commitAsync((...what) => resolve(what))
    })
    expect(told).toEqual([undefined, undefined])
    expect(await consumer.committed([record])).toMatchObject([{ offset: 1 }])
    await consumer.close()
  })

  it('refuses a callback that is none', async () => {
    const consumer: Untyped = await consume()
    expect(await errorOf(consumer.commitAsync(undefined, 5))).toMatchObject({ code: 'INVALID_OPTION' })
    const told = new Promise((resolve) => consumer.commitAsync('x', resolve))
    expect(await told).toMatchObject({ code: 'INVALID_OPTION' })
    await consumer.close()
  })
})

describe('seek', () => {
  let consumer: Consumer
  beforeEach(async () => {
    consumer = await consume()
    await consumer.recv()
    return () => consumer.close()
  })

  it('takes the offset beside the partition, or in it', async () => {
    await consumer.seek(P0, 5)
    expect(await consumer.position(P0)).toBe(5)
    await consumer.seek({ ...P0, offset: 6 })
    expect(await consumer.position(P0)).toBe(6)
    await consumer.seek({ ...P0, offset: 'latest' })
    expect(await consumer.position(P0)).toBe(10)
    const at = { ...P0, offset: 3 }
    await consumer.seek(at, new Date(0))
    expect(await consumer.position(P0)).toBe(0)
  })

  it('goes back to a record that it is given', async () => {
    const records = await consumer.poll({ max: 20, timeoutMs: 5_000 })
    const third = records.find(({ partition, offset }) => partition === 1 && offset === 3) as ConsumerRecord
    await consumer.seek(third)
    expect(await consumer.position(P1)).toBe(3)
  })

  it.each([
    ['a topic', ['events', 0, 5], /seek: 'events' is not { topic, partition/],
    ['a list', [[{ ...P0, offset: 5 }]], /seek: .* is not { topic, partition/],
    ['no offset', [P0], /an offset is a whole number from 0 on, .* not undefined/],
    ['a text', [{ ...P0, offset: '5' }], /not '5'/],
  ])('refuses %s', async (_, given, message) => {
    const error = await errorOf((consumer as Untyped).seek(...given))
    expect(error).toMatchObject({ name: 'InvalidOption', code: 'INVALID_OPTION' })
    expect(error.message).toMatch(message)
  })
})

it('pauses and resumes all without an argument', async () => {
  const consumer = await consume()
  await consumer.recv()
  await consumer.pause()
  expect(consumer.paused()).toEqual([P0, P1])
  await consumer.resume()
  expect(consumer.paused()).toEqual([])
  await consumer.close()
})

const LIST = /takes a list/
const PARTITION = /is not { topic, partition/
const wrong: [call: string, (consumer: Untyped) => unknown, RegExp][] = [
  ['commit({…})', (c) => c.commit({ ...P0, offset: 1 }), LIST],
  ['commit(Map)', (c) => c.commit(new Map()), LIST],
  ['commit(text)', (c) => c.commit('events'), LIST],
  ['commit([null])', (c) => c.commit([null]), PARTITION],
  ['commit(text as offset)', (c) => c.commit([{ ...P0, offset: '1' }]), /whole number from 0 on, not '1'/],
  ['committed({…})', (c) => c.committed(P0), LIST],
  ['committed([text])', (c) => c.committed(['events']), PARTITION],
  ['pause(text)', (c) => c.pause('events'), LIST],
  ['pause({…})', (c) => c.pause(P0), LIST],
  ['pause(topic alone)', (c) => c.pause([{ topic: 'events' }]), PARTITION],
  ['resume(null)', (c) => c.resume(null), LIST],
  ['seekMany()', (c) => c.seekMany(), LIST],
  ['seekToBeginning({…})', (c) => c.seekToBeginning(P0), LIST],
  ['seekToEnd([null])', (c) => c.seekToEnd([null]), PARTITION],
  ['position(topic, partition)', (c) => c.position('events', 0), PARTITION],
  ['currentLag()', (c) => c.currentLag(), PARTITION],
  ['cachedEndOffset(topic)', (c) => c.cachedEndOffset('events'), PARTITION],
  ['beginningOffsets({…})', (c) => c.beginningOffsets(P0), LIST],
  ['endOffsets([number])', (c) => c.endOffsets([0]), PARTITION],
  ['offsetsForTimes()', (c) => c.offsetsForTimes(), LIST],
  ['offsetsForTimes(text)', (c) => c.offsetsForTimes([{ ...P0, timestamp: 'x' }]), /or a Date, not 'x'/],
  ['offsetsForTimes(no time)', (c) => c.offsetsForTimes([P0]), /or a Date, not undefined/],
  ['assign([null])', (c) => c.assign([null]), PARTITION],
  ['assign({…})', (c) => c.assign(P0), LIST],
  ['recv(null)', (c) => c.recv(null), /recv takes { signal }, not null/],
  ['recv(signal)', (c) => c.recv({ signal: 5 }), /signal .* AbortSignal, not 5/],
  ['poll(number)', (c) => c.poll(100), /poll takes { max, timeoutMs, signal }, not 100/],
  ['poll(max)', (c) => c.poll({ max: -1 }), /max .* whole number from 0 on, not -1/],
  ['poll(timeoutMs)', (c) => c.poll({ timeoutMs: -5 }), /timeoutMs .* from 0 on, not -5/],
  ['recvBatch(max)', (c) => c.recvBatch({ max: 'x' }), /max .* not 'x'/],
  ['recvBatch(NaN)', (c) => c.recvBatch({ timeoutMs: Number.NaN }), /timeoutMs .* not NaN/],
  ['iterate().poll(max)', () => reading.kafka.iterate('events').poll({ max: 'x' } as Untyped), /max .* not 'x'/],
  ['map(number)', (c) => c.map(5), /map takes a function, not 5/],
  ['filter(text)', (c) => c.filter('x'), /filter takes a function, not 'x'/],
  ['flatMap()', (c) => c.flatMap(), /flatMap takes a function, not undefined/],
  ['find(null)', (c) => c.find(null), /find takes a function, not null/],
  ['reduce()', (c) => c.reduce(), /reduce takes a function, not undefined/],
]

describe('a call with a wrong argument is refused', () => {
  let consumer: Consumer
  beforeAll(async () => {
    consumer = await consume()
    await consumer.recv()
  })

  it.each(wrong)('%s', async (_, call, message) => {
    const error = await errorOf((async () => call(consumer))())
    expect(error).toMatchObject({ name: 'InvalidOption', code: 'INVALID_OPTION' })
    expect(error.message).toMatch(message)
  })
})

it('names who is not assigned', async () => {
  const consumer = await consume()
  const error = await errorOf(consumer.pause([{ topic: 'other', partition: 3 }]))
  expect(error).toMatchObject({ code: 'NOT_ASSIGNED', topic: 'other', partition: 3 })
  await consumer.close()
})
