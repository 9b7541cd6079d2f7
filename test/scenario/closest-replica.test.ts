// A client that names its rack reads from the replica there, and from the leader when that is no good (KIP-392).
// [test process]
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { Kafka } from '../../src/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { ownKafkaDescribe } from '../support/kafka-describe.ts'

const COUNT = 200

/** Reads everything; whom it was fetched from, by the names of the connections. */
async function readFrom(kafka: Kafka, topic: string): Promise<{ offsets: number[]; brokers: Set<string> }> {
  const brokers = new Set<string>()
  kafka.on('connected', ({ broker, role }) => {
    if (role.startsWith('fetch')) brokers.add(broker)
  })
  const offsets: number[] = []
  for await (const record of kafka.iterate(topic)) offsets.push(record.offset)
  return { offsets, brokers }
}

const all = Array.from({ length: COUNT }, (_, i) => i)

describe('the closest replica: embedded broker', () => {
  let broker: Broker
  /** Fetches by node: every one that named this partition. */
  const asked = new Map<number, number>()
  beforeEach(async () => {
    broker = await Broker.start({ brokers: 3, racks: ['a', 'b', 'c'] })
    broker.createTopic('events', { assignments: [[1, 2, 3]] })
    await broker.seed(
      'events',
      Array.from({ length: COUNT }, (_, i) => `value ${i}`),
    )
    asked.clear()
    broker.on('Fetch', (_, { node }) => {
      asked.set(node.id, (asked.get(node.id) ?? 0) + 1)
      return undefined
    })
  })
  afterEach(() => broker.close())

  const client = (options: object = {}) => new Kafka({ brokers: broker.addresses, threads: 'inline', ...options })

  test.each(['b', 'c'])('is read from by a client in rack %s', async (clientRack) => {
    await using kafka = client({ clientRack })
    const { offsets } = await readFrom(kafka, 'events')
    expect(offsets).toEqual(all)
    expect([...asked.keys()]).toEqual([1, clientRack === 'b' ? 2 : 3])
    expect(asked.get(1)).toBe(1)
  })

  test.each([undefined, 'a', 'nowhere'])('is the leader for a client in rack %s', async (clientRack) => {
    await using kafka = client(clientRack === undefined ? {} : { clientRack })
    const { offsets } = await readFrom(kafka, 'events')
    expect(offsets).toEqual(all)
    expect([...asked.keys()]).toEqual([1])
  })

  test.each([
    'OFFSET_OUT_OF_RANGE',
    'NOT_LEADER_OR_FOLLOWER',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'TOPIC_AUTHORIZATION_FAILED',
  ] as const)('is given up for the leader when it says %s, and tried again', async (name) => {
    let failures = 2
    broker.on('Fetch', (_, { node }) => {
      if (node.id !== 2 || failures === 0) return undefined
      failures--
      return { errorCode: ErrorCode[name] }
    })
    await using kafka = client({ clientRack: 'b' })
    const { offsets } = await readFrom(kafka, 'events')
    expect(offsets).toEqual(all)
    expect(failures).toBe(0)
  })

  test('is asked for again when the choice is old', async () => {
    await using kafka = client({ clientRack: 'b', metadataMaxAgeMs: 200, fetchMaxWaitMs: 50 })
    const records = kafka.iterate('events', { until: 'never' })[Symbol.asyncIterator]()
    for (const _ of all) await records.next()
    while ((asked.get(1) ?? 0) < 3) await new Promise((resolve) => setTimeout(resolve, 20))
    await broker.seed('events', ['last'])
    expect((await records.next()).value).toMatchObject({ offset: COUNT })
    await records.return!()
  })
})

const properties = {
  'broker.rack': 'rack-{node}',
  'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector',
}
ownKafkaDescribe('the closest replica: real Kafka', { brokers: 3, properties }, (real) => {
  test('is read from by a client in its rack, and by no other', async () => {
    const topic = await real.topic('closest', { partitions: 1, replicationFactor: 3 })
    await real.java.produce(
      topic,
      all.map((i) => ({ value: `value ${i}` })),
    )
    const served = new Map<string, Set<string>>()
    for (const clientRack of ['rack-1', 'rack-2', 'rack-3']) {
      await using kafka = new Kafka({ brokers: real.brokers, clientRack })
      const { offsets, brokers } = await readFrom(kafka, topic)
      expect(offsets).toEqual(all)
      served.set(clientRack, brokers)
    }
    // Each reads from the broker in its rack; but for one, who stands beside the leader, having asked the leader first.
    const leader = [...served.values()].find((brokers) => brokers.size === 1)
    expect(leader).toBeDefined()
    real.brokers.forEach((broker, i) => {
      expect(served.get(`rack-${i + 1}`)).toEqual(new Set([...leader!, broker]))
    })
  })
})
