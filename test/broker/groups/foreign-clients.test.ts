// Other people's clients in groups that the embedded broker coordinates: kcat, Java's console tools, kafkajs.
// [test process]
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Broker } from '../../../src/broker/index.ts'
import { javaDescribe } from '../../support/kafka-describe.ts'
import { runJava } from '../../support/kafka-jars.ts'
import { kcat, kcatUnavailable } from '../../support/kcat.ts'

const PARTITIONS = 4
const withoutKcat = kcatUnavailable()
const bench = new URL('../../../bench/package.json', import.meta.url)
const hasKafkajs = existsSync(new URL('node_modules/kafkajs', bench))

let broker: Broker

beforeAll(async () => {
  broker = await Broker.start({ groups: { heartbeatIntervalMs: 500 } })
})

afterAll(async () => {
  await broker.close()
  expect(broker.errors).toEqual([])
})

/** The partitions of each member, once so many have all of them. */
async function settled(groupId: string, members: number): Promise<number[]> {
  for (;;) {
    const group = broker.group(groupId)
    const counts = group?.members.map(({ assignment }) => assignment.length) ?? []
    const all = counts.reduce((sum, count) => sum + count, 0)
    if (group?.state === 'Stable' && counts.length === members && all === (members === 0 ? 0 : PARTITIONS))
      return counts
    if (members === 0 && group?.state === 'Empty') return []
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

function values(count: number): { partition: number; value: string }[] {
  return Array.from({ length: count }, (_, i) => ({ partition: i % PARTITIONS, value: `value ${i}` }))
}

const bySize = (a: string, b: string) => a.length - b.length || (a < b ? -1 : 1)

/** Reads as a member; ends by itself after `count` records, committing on the way out. */
type Member = (topic: string, groupId: string, count: number) => Promise<string>

const withKcat =
  (strategy: string): Member =>
  async (topic, groupId, count) => {
    const options = ['-X', 'auto.offset.reset=earliest', '-X', `partition.assignment.strategy=${strategy}`]
    const { stdout } = await kcat(broker.address, ['-q', ...options, '-c', String(count), '-G', groupId, topic])
    return stdout
  }

const withJava =
  (properties: Record<string, string>): Member =>
  async (topic, groupId, count) => {
    const given = Object.entries(properties).flatMap(([name, value]) => ['--command-property', `${name}=${value}`])
    const reading = ['--topic', topic, '--group', groupId, '--from-beginning', '--max-messages', String(count)]
    const args = ['--bootstrap-server', broker.address, ...reading, '--timeout-ms', '30000', ...given]
    const { stdout, stderr, status } = await runJava('org.apache.kafka.tools.consumer.ConsoleConsumer', args)
    expect(status, stderr).toBe(0)
    return stdout.toString()
  }

/** Two members come one after the other, share the partitions, read everything once, and leave. */
async function share(name: string, one: Member, two: Member): Promise<void> {
  const groupId = `sharing ${name}`
  const topic = `sharing-${name}`
  broker.createTopic(topic, { partitions: PARTITIONS })
  const first = one(topic, groupId, 200)
  expect(await settled(groupId, 1)).toEqual([4])
  const second = two(topic, groupId, 200)
  expect(await settled(groupId, 2)).toEqual([2, 2])
  await broker.seed(topic, values(400))
  const lines = (await Promise.all([first, second])).flatMap((text) => text.trimEnd().split('\n'))
  expect(lines.sort(bySize)).toEqual(values(400).map(({ value }) => value))
  await settled(groupId, 0)
  expect(broker.group(groupId)?.offsets.map(({ offset }) => offset)).toEqual([100, 100, 100, 100])
}

describe.skipIf(withoutKcat !== undefined)(`kcat${withoutKcat === undefined ? '' : ` [${withoutKcat}]`}`, () => {
  test.each(['range', 'cooperative-sticky'])('two members share by %s', async (strategy) => {
    await share(`kcat-${strategy}`, withKcat(strategy), withKcat(strategy))
  })

  javaDescribe('and Java in one group', () => {
    const java = 'org.apache.kafka.clients.consumer'
    test.each([
      ['range', {}],
      ['cooperative-sticky', { 'partition.assignment.strategy': `${java}.CooperativeStickyAssignor` }],
    ])('share by %s', async (strategy, properties) => {
      await share(`mixed-${strategy}`, withKcat(strategy), withJava(properties))
    })
  })
})

javaDescribe("Java's consumer under KIP-848", () => {
  test.each(['uniform', 'range'])('two members share by the assignor %s of the broker', async (assignor) => {
    const member = withJava({ 'group.protocol': 'consumer', 'group.remote.assignor': assignor })
    await share(`java-${assignor}`, member, member)
  })
})

javaDescribe("Java's kafka-consumer-groups", () => {
  const tool = async (...args: string[]) => {
    const main = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
    const { stdout, stderr, status } = await runJava(main, ['--bootstrap-server', broker.address, ...args])
    expect(status, stderr).toBe(0)
    return stdout.toString()
  }

  test.each([
    ['classic', {}, 'range'],
    ['consumer', { 'group.protocol': 'consumer' }, 'uniform'],
  ])('describes a %s group with its lag', async (protocol, properties, assignor) => {
    const topic = `described-${protocol}`
    const group = `described ${protocol}`
    broker.createTopic(topic, { partitions: PARTITIONS })
    await broker.seed(topic, values(40))
    await withJava(properties)(topic, group, 40)
    await broker.seed(topic, values(8))
    const member = withJava(properties)(topic, group, 12)
    await settled(group, 1)
    const state = await tool('--describe', '--group', group, '--state')
    expect(state).toMatch(new RegExp(`${group} .*${assignor} +Stable +1`))
    await broker.seed(topic, values(4))
    await member
    await settled(group, 0)
    const described = await tool('--describe', '--group', group)
    for (let i = 0; i < PARTITIONS; i++) expect(described).toMatch(new RegExp(`${topic} +${i} +13 +13 +0 `))
  })

  test('resets the offsets of a group, and deletes it', async () => {
    broker.createTopic('reset', { partitions: 2 })
    await broker.seed('reset', ['a', 'b'])
    await tool('--reset-offsets', '--group', 'reset', '--topic', 'reset', '--to-latest', '--execute')
    expect(broker.group('reset')?.offsets.map(({ offset }) => offset)).toEqual([1, 1])
    expect(await tool('--delete', '--group', 'reset')).toContain('was successful')
    expect(broker.group('reset')).toBeUndefined()
  })
})

describe.skipIf(!hasKafkajs)(`kafkajs${hasKafkajs ? '' : ' [the packages of bench are not installed]'}`, () => {
  test('members join, share, leave, and go on where the others were', async () => {
    const topic = 'kafkajs'
    broker.createTopic(topic, { partitions: PARTITIONS })
    await broker.seed(topic, values(40))
    const { Kafka, logLevel } = createRequire(bench)('kafkajs')
    const kafka = new Kafka({ brokers: [broker.address], logLevel: logLevel.NOTHING })
    const seen: string[] = []
    const member = async () => {
      const consumer = kafka.consumer({ groupId: topic, heartbeatInterval: 200, maxWaitTimeInMs: 200 })
      await consumer.connect()
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      const eachMessage = async ({ message }: { message: { value: Buffer } }) => void seen.push(String(message.value))
      await consumer.run({ autoCommitInterval: 100, eachMessage })
      return consumer
    }
    const read = async (count: number) => {
      while (seen.length < count) await new Promise((resolve) => setTimeout(resolve, 20))
    }
    const one = await member()
    await read(40)
    const two = await member()
    expect(await settled(topic, 2)).toEqual([2, 2])
    await broker.seed(topic, values(80).slice(40))
    await read(80)
    await one.disconnect()
    expect(await settled(topic, 1)).toEqual([4])
    await broker.seed(topic, values(120).slice(80))
    await read(120)
    await two.disconnect()
    expect(seen.sort(bySize)).toEqual(values(120).map(({ value }) => value))
    expect(broker.group(topic)).toMatchObject({ state: 'Empty', members: [] })
  })
})
