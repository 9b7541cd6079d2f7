// millrace and Java's consumer in one group: they share partitions and hand over cleanly, both ways. [test process]
import { afterEach, expect, test, vi } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { type ConsumerOptions, Kafka } from '../../src/index.ts'
import { JavaMember } from '../support/java-member.ts'
import { javaDescribe, kafkaDescribe } from '../support/kafka-describe.ts'
import { MemberLog } from './group-members.ts'

const COOPERATIVE = 'org.apache.kafka.clients.consumer.CooperativeStickyAssignor'
const RANGE = 'org.apache.kafka.clients.consumer.RangeAssignor'
const STICKY = 'org.apache.kafka.clients.consumer.StickyAssignor'

/** The two sides of each kind of group. */
const KINDS: Record<string, { ours: ConsumerOptions; java: Record<string, string> }> = {
  range: { ours: { partitionAssignmentStrategy: 'range' }, java: { 'partition.assignment.strategy': RANGE } },
  sticky: { ours: { partitionAssignmentStrategy: 'sticky' }, java: { 'partition.assignment.strategy': STICKY } },
  'cooperative-sticky': { ours: {}, java: { 'partition.assignment.strategy': COOPERATIVE } },
  'a rolling upgrade': {
    ours: { partitionAssignmentStrategy: ['cooperative-sticky', 'range'] },
    java: { 'partition.assignment.strategy': `${COOPERATIVE},${RANGE}` },
  },
  'KIP-848': { ours: { groupProtocol: 'consumer' }, java: { 'group.protocol': 'consumer' } },
}

const PATIENCE = { timeout: 20_000, interval: 20 }
const open: Kafka[] = []

afterEach(async () => {
  await Promise.all(open.splice(0).map((kafka) => kafka.close()))
})

/** Ours first, Java joins; ours goes and comes back; Java goes. */
async function handOver(
  kind: string,
  brokers: readonly string[],
  topic: string,
  produce: (count: number) => Promise<unknown>,
): Promise<void> {
  const { ours, java: javaConfig } = KINDS[kind]!
  const kafka = new Kafka({ brokers: [...brokers] })
  open.push(kafka)
  const log = new MemberLog({ kafka: () => kafka }, topic)
  await produce(40)
  const first = log.join('first', ours)
  await log.processed(40)
  const config = { ...javaConfig, 'heartbeat.interval.ms': 100, 'metadata.max.age.ms': 1000 }
  if (kind === 'KIP-848') delete (config as Record<string, unknown>)['heartbeat.interval.ms']
  const java = await JavaMember.join(brokers, { groupId: log.groupId, topic, config }, (key) => {
    log.seen.set(key, (log.seen.get(key) ?? 0) + 1)
  })
  const halves = async (member: typeof first) => {
    await vi.waitFor(() => {
      expect([member.owned.length, java.owned.size]).toEqual([2, 2])
      expect(new Set([...member.owned, ...java.owned]).size).toBe(4)
    }, PATIENCE)
  }
  await halves(first)
  await produce(40)
  await log.processed(80)
  await first.leave()
  await vi.waitFor(() => expect(java.owned.size).toBe(4), PATIENCE)
  await produce(40)
  await log.processed(120)
  const second = log.join('second', ours)
  await halves(second)
  await java.leave()
  await vi.waitFor(() => expect(second.owned).toHaveLength(4), PATIENCE)
  await produce(40)
  await log.processed(160)
  await second.leave()
  expect(log.twice).toEqual([])
  expect(log.wrong).toEqual([])
  expect([...first.errors, ...second.errors]).toEqual([])
  expect([java.lost, [...first.events, ...second.events].some((event) => event.startsWith('!'))]).toEqual([
    false,
    false,
  ])
}

const values = (count: number) => Array.from({ length: count }, (_, i) => ({ partition: i % 4, value: `v${i}` }))

kafkaDescribe('one group of millrace and Java: real Kafka', (real) => {
  test.each(Object.keys(KINDS))(
    '%s',
    async (kind) => {
      const topic = await real.topic('mixed', { partitions: 4 })
      await handOver(kind, real.brokers, topic, (count) => real.java.produce(topic, values(count)))
    },
    60_000,
  )
})

javaDescribe('one group of millrace and Java: embedded broker', () => {
  test.each(['range', 'cooperative-sticky', 'KIP-848'])(
    '%s',
    async (kind) => {
      const broker = await Broker.start({ groups: { heartbeatIntervalMs: 200 } })
      broker.createTopic('mixed', { partitions: 4 })
      await handOver(kind, broker.addresses, 'mixed', (count) => broker.seed('mixed', values(count)))
      await broker.close()
    },
    60_000,
  )
})
