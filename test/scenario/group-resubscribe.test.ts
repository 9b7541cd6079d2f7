// Other topics while the way out of the last ones is under way, and expressions that the broker cannot match: nothing
// of what was asked for last is forgotten. [test process]
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { Kafka } from '../../src/index.ts'
import { onEveryGround } from '../support/grounds.ts'
import { within } from '../support/reading.ts'
import { filledTopic } from './group-members.ts'

const PATIENCE = { timeout: 15_000, interval: 20 }
const QUICK = { heartbeatIntervalMs: 100, heartbeatFloorMs: 100, autoOffsetReset: 'earliest' } as const
const BOTH = ['classic', 'consumer'] as const

onEveryGround('resubscribing', (ground) => {
  // The threads change nothing about topics.
  const inline = ground.mode === 'inline' ? test : test.skip

  inline.each(BOTH)(
    '%s: what is subscribed to while unsubscribe is awaited is joined after it, and a run goes on with it',
    async (groupProtocol) => {
      const [one, two] = [await filledTopic(ground, 'one', 1, 1), await filledTopic(ground, 'two', 1, 1)]
      const events: string[] = []
      const listener = {
        onAssigned: (partitions: { topic: string }[]) => void events.push(`+${partitions.map(({ topic }) => topic)}`),
        onRevoked: (partitions: { topic: string }[]) => void events.push(`-${partitions.map(({ topic }) => topic)}`),
      }
      const consumer = ground.kafka().consumer({ groupId: `group of ${one}`, groupProtocol, ...QUICK })
      consumer.subscribe(one, listener)
      const seen: string[] = []
      const run = consumer.run({ eachRecord: ({ topic }) => void seen.push(topic) })
      await vi.waitFor(() => expect(seen).toEqual([one]), PATIENCE)
      const left = consumer.unsubscribe()
      consumer.subscribe(two)
      await left
      expect(consumer.subscription()).toEqual([two])
      await vi.waitFor(() => expect(seen).toEqual([one, two]), PATIENCE)
      expect(events).toEqual([`+${one}`, `-${one}`, `+${two}`])
      await consumer.close()
      await run
    },
    40_000,
  )

  inline.each(BOTH)(
    '%s: of several subscriptions while unsubscribe is awaited the last topics count, and the last listener',
    async (groupProtocol) => {
      const [one, two] = [await filledTopic(ground, 'one', 1, 1), await filledTopic(ground, 'two', 1, 1)]
      const consumer = ground.kafka().consumer({ groupId: `group of ${one}`, groupProtocol, topics: one, ...QUICK })
      expect((await consumer.recv()).topic).toBe(one)
      const told: string[] = []
      const left = consumer.unsubscribe()
      consumer.subscribe(one, { onAssigned: (partitions) => void told.push(...partitions.map(({ topic }) => topic)) })
      consumer.subscribe(two)
      await left
      expect((await consumer.recv()).topic).toBe(two)
      expect(told).toEqual([two])
    },
    40_000,
  )
})

describe('a broker without expressions (ConsumerGroupHeartbeat v0)', () => {
  let broker: Broker
  let kafka: Kafka
  beforeEach(async () => {
    broker = await Broker.start({
      apiVersions: { ConsumerGroupHeartbeat: [0, 0] },
      groups: { heartbeatIntervalMs: 50 },
    })
    kafka = new Kafka({ brokers: broker.addresses, threads: 'inline', metadataMaxAgeMs: 100 })
    for (const topic of ['no', 'match-a']) await broker.seed(topic, [topic])
  })
  afterEach(async () => {
    await kafka.close()
    await broker.close()
  })

  test('topics are matched here, also those that come later', async () => {
    const topics = /^match-/
    const consumer = kafka.consumer({ groupId: 'g', groupProtocol: 'consumer', topics, ...QUICK })
    expect((await consumer.recv()).topic).toBe('match-a')
    await broker.seed('match-b', ['b'])
    expect((await consumer.recv()).topic).toBe('match-b')
    expect(consumer.subscription()).toEqual(['match-a', 'match-b'])
  })

  test('a member that had topics by name stays one, and gives them up for those that match', async () => {
    const revoked: string[] = []
    const consumer = kafka.consumer({ groupId: 'g', groupProtocol: 'consumer', ...QUICK })
    consumer.subscribe('no', { onRevoked: (gone) => void revoked.push(...gone.map(({ topic }) => topic)) })
    expect((await consumer.recv()).topic).toBe('no')
    const before = broker.group('g')!.members.map(({ memberId }) => memberId)
    consumer.subscribe(/^match-/)
    expect((await consumer.recv()).topic).toBe('match-a')
    expect(revoked).toEqual(['no'])
    expect(broker.group('g')!.members.map(({ memberId }) => memberId)).toEqual(before)
    consumer.subscribe('no')
    await broker.seed('no', ['again'])
    expect(await consumer.recv()).toMatchObject({ topic: 'no', offset: 1 })
  })

  test('one that was fenced matches again', async () => {
    const topics = /^match-/
    const consumer = kafka.consumer({ groupId: 'g', groupProtocol: 'consumer', topics, ...QUICK })
    const first = await consumer.recv()
    await first.commit()
    broker.fail('ConsumerGroupHeartbeat', 110)
    await broker.seed('match-a', ['more'])
    expect((await consumer.recv()).offset).toBe(1)
  })

  /** Whoever asks for all topics is cut off. */
  const hideTopics = () => broker.on('Metadata', ({ topics }) => (topics === null ? { cut: 'before' } : undefined))

  test('a member whose topics cannot be found out gives everything up, and hears of it', async () => {
    const impatient = new Kafka({ brokers: broker.addresses, threads: 'inline', defaultApiTimeoutMs: 500 })
    const consumer = impatient.consumer({ groupId: 'g', groupProtocol: 'consumer', topics: 'no', ...QUICK })
    expect((await consumer.recv()).topic).toBe('no')
    const show = hideTopics()
    consumer.subscribe(/^match-/)
    await expect(consumer.recv()).rejects.toMatchObject({ code: 'TOPICS_UNMATCHED' })
    await vi.waitFor(() => expect(broker.group('g')!.members).toEqual([]), { timeout: 2_000 })
    show()
    consumer.subscribe(/^match-/)
    expect((await consumer.recv()).topic).toBe('match-a')
    await impatient.close()
  })

  test('classic: one that is closed while it looks for topics waits for no broker', async () => {
    hideTopics()
    const consumer = kafka.consumer({ groupId: 'g', topics: /^match-/, ...QUICK })
    const received = consumer.recv().catch(({ code }) => code)
    await new Promise((resolve) => setTimeout(resolve, 200))
    // It would look for them for a minute.
    await within('close', 5_000, consumer.close())
    expect(await received).toBe('CONSUMER_CLOSED')
  })
})
