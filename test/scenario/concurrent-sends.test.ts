// 10,000 sends at once, one promise each, idempotent: each has an offset of its own, and lies there. [test process]
import { describe, expect, test } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { Kafka, type KafkaOptions } from '../../src/index.ts'
import { onEveryGround } from '../support/grounds.ts'
import { ownKafkaDescribe } from '../support/kafka-describe.ts'
import { LeaderMover } from '../support/leader-mover.ts'

const COUNT = 10_000

/** Sends them all at once and checks every place against what a reader finds. */
async function sendAndRead(kafka: Kafka, topic: string, meanwhile?: (delivered: () => number) => Promise<void>) {
  await using producer = kafka.producer({ lingerMs: 0, batchBytes: 4_000 })
  // A client that never reached a broker says so at once.
  await kafka.admin.listTopics()
  let delivered = 0
  const sending = Array.from({ length: COUNT }, (_, i) =>
    producer.send({ topic, key: `${i}`, value: `value ${i}` }).finally(() => delivered++),
  )
  await meanwhile?.(() => delivered)
  const places = await Promise.all(sending)
  expect(new Set(places.map(({ partition, offset }) => `${partition}/${offset}`)).size).toBe(COUNT)
  const read = new Map<string, string>()
  for await (const { partition, offset, value } of kafka.iterate(topic))
    read.set(`${partition}/${offset}`, String(value))
  expect(read.size).toBe(COUNT)
  for (const [i, { partition, offset }] of places.entries()) {
    if (read.get(`${partition}/${offset}`) !== `value ${i}`) expect.fail(`value ${i} is not at ${partition}/${offset}`)
  }
}

onEveryGround('10,000 concurrent sends', (ground) => {
  test.each([1, 8])('to %i partitions have 10,000 distinct offsets', { timeout: 60_000 }, async (partitions) => {
    await sendAndRead(ground.kafka(), await ground.topic('sends', partitions))
  })
})

describe.each([
  ['on threads', {}],
  ['inline', { threads: 'inline' }],
] as [string, Partial<KafkaOptions>][])('embedded brokers, %s', (_, options) => {
  const start = async () => {
    const broker = await Broker.start({ brokers: 3 })
    broker.createTopic('sends', { partitions: 8 })
    const kafka = new Kafka({ brokers: broker.addresses, ...options, retryBackoffMs: 5 } as KafkaOptions)
    return { broker, kafka, [Symbol.asyncDispose]: () => kafka.close().then(() => broker.close()) }
  }

  test('with 100 leader moves all are there once', { timeout: 60_000 }, async () => {
    await using world = await start()
    await sendAndRead(world.kafka, 'sends', async () => {
      for (let move = 0; move < 100; move++) {
        world.broker.moveLeader('sends', move % 8, 1 + ((move * 7) % 3))
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    })
  })

  test('with all connections cut again and again all are there once', { timeout: 60_000 }, async () => {
    await using world = await start()
    await sendAndRead(world.kafka, 'sends', async (delivered) => {
      for (let cut = 0; cut < 50 && delivered() < COUNT; cut++) {
        world.broker.disconnectAll()
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })
  })
})

ownKafkaDescribe('three real brokers', { brokers: 3, proxied: true }, (real, cluster) => {
  test('with 100 leader moves all are there once', { timeout: 120_000 }, async () => {
    const topic = await real.topic('sends', { partitions: 8, replicationFactor: 3 })
    await using kafka = new Kafka({ brokers: real.brokers })
    await using mover = new LeaderMover(real.brokers)
    await sendAndRead(kafka, topic, async () => {
      for (let moves = 0; moves < 100; moves += 8) await mover.rotate(topic, 8, 3)
    })
  })

  test('with all connections cut again and again all are there once', { timeout: 120_000 }, async () => {
    const topic = await real.topic('sends', { partitions: 8, replicationFactor: 3 })
    await using kafka = new Kafka({ brokers: cluster().proxied })
    await sendAndRead(kafka, topic, async (delivered) => {
      for (let cut = 0; cut < 50 && delivered() < COUNT; cut++) {
        for (const proxy of cluster().proxies) proxy.cut()
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    })
  })
})
