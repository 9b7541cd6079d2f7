// A batch is on its way from the reader to whoever asked while user code does something to its partition: whenever in
// between that is, it counts for the batch as well. [test process]
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { Consumer, ConsumerRecord, TopicPartition } from '../../src/index.ts'
import { inlineKafka } from '../support/inline-kafka.ts'

const given = inlineKafka()
let topics = 0

/** Turns of the microtask queue between the first batch and what is done: the second one is on its way in some. */
const TURNS = Array.from({ length: 24 }, (_, i) => i)
const ALL = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]

/** A consumer of ten records, the first in a batch of its own; something is done to it after so many turns. */
async function disturbed(turns: number, act: (consumer: Consumer, name: TopicPartition) => unknown) {
  const topic = `transit-${topics++}`
  given.broker.createTopic(topic, { partitions: 1 })
  await given.broker.seed(topic, ['a'])
  await given.broker.seed(topic, [...'bcdefghij'])
  const name = { topic, partition: 0 }
  let acted!: (done: unknown) => void
  const done = new Promise((resolve) => {
    acted = resolve
  })
  let begun = false
  const onConsume = async () => {
    if (begun) return
    begun = true
    for (let turn = 0; turn < turns; turn++) await undefined
    acted(act(consumer, name))
  }
  const consumer = given.kafka.consumer({
    autoOffsetReset: 'earliest',
    fetchMaxWaitMs: 10,
    interceptors: [{ onConsume }],
  })
  consumer.assign([name])
  return { consumer, name, done }
}

const offsetsOf = async (asked: Promise<ConsumerRecord>[]) => (await Promise.all(asked)).map(({ offset }) => offset)

test.each([
  ['a seek', (one: Consumer, name: TopicPartition) => one.seek(name, 5)],
  ['an assignment', (one: Consumer, name: TopicPartition) => one.assign([{ ...name, offset: 5 }])],
])('whoever asks behind %s is given nothing of before, whenever it comes', async (_, act) => {
  for (const turns of TURNS) {
    const { consumer, done } = await disturbed(turns, act)
    const before = [consumer.recv(), consumer.recv()]
    await done
    const behind = await consumer.recv()
    const all = [...(await offsetsOf(before)), behind.offset]
    expect(
      [
        [0, 1, 5],
        [0, 5, 6],
        [5, 6, 7],
      ],
      `after ${turns} turns`,
    ).toContainEqual(all)
    await consumer.close()
  }
})

test('whoever asks behind a pause waits, whenever it comes, and nothing is missing then', async () => {
  for (const turns of TURNS) {
    const { consumer, name, done } = await disturbed(turns, (one, of) => one.pause([of]))
    const before = [consumer.recv(), consumer.recv()]
    await done
    await sleep(0)
    const waiting = consumer.recv({ signal: AbortSignal.timeout(10) })
    await expect(waiting, `after ${turns} turns`).rejects.toThrow(/timeout/)
    await consumer.resume([name])
    const offsets = await offsetsOf(before)
    while (offsets.length < ALL.length) offsets.push((await consumer.recv()).offset)
    expect(offsets, `after ${turns} turns`).toEqual(ALL)
    await consumer.close()
  }
})

test('a run whose partition is paused and resumed misses nothing, whenever that is', async () => {
  for (const turns of TURNS) {
    const { consumer, name, done } = await disturbed(turns, (one, of) => one.pause([of]))
    const seen: number[] = []
    const stop = new AbortController()
    const run = consumer.run({
      signal: stop.signal,
      eachRecord: ({ offset }) => {
        seen.push(offset)
        if (offset === 9) stop.abort()
      },
    })
    await done
    await consumer.resume([name])
    const late = sleep(3_000).then(() => stop.abort())
    await run
    expect(seen, `after ${turns} turns`).toEqual(ALL)
    await consumer.close()
    void late
  }
})
