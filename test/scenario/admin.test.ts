// What `kafka.admin` promises, on the embedded broker and on a real Kafka, on threads and inline. [test process]
import { expect, test, vi } from 'vitest'
import { TopicsFailed } from '../../src/client/topics-failed.ts'
import { type Kafka, PartitionNotFound, TopicExists, TopicNotFound } from '../../src/index.ts'
import { type Ground, onEveryGround } from '../support/grounds.ts'

let names = 0
const fresh = (prefix: string) => `admin-${prefix}-${process.pid}-${Date.now()}-${names++}`

onEveryGround('admin', (ground) => {
  test('a topic that was made is there, with its partitions, settings and id, to be written to at once', async () => {
    const { admin } = ground.kafka()
    const topic = fresh('made')
    const configs = { 'cleanup.policy': 'compact', 'retention.ms': 3_600_000 }
    const [created] = await admin.createTopics([{ topic, partitions: 3, replicationFactor: 1, configs }])
    expect(created).toMatchObject({ name: topic, partitions: 3, replicationFactor: 1 })
    expect(created!.configs).toMatchObject({ 'cleanup.policy': 'compact', 'retention.ms': '3600000' })
    await ground.produce(topic, [{ partition: 2, key: 'k', value: 'v' }])
    expect(await valuesOf(ground.kafka(), topic)).toEqual(['v'])
    const [described] = await admin.describeTopics([topic], { configs: true })
    expect(described).toMatchObject({ name: topic, id: created!.id, internal: false })
    expect(described!.partitions.map(({ partition, replicas }) => [partition, replicas.length])).toEqual([
      [0, 1],
      [1, 1],
      [2, 1],
    ])
    const shownBy = described!.partitions.every(({ leader, isr, offline }) => leader === isr[0] && offline.length === 0)
    expect(shownBy).toBe(true)
    expect(described!.configs).toMatchObject({ 'cleanup.policy': 'compact', 'retention.ms': '3600000' })
  })

  test('what is left out is as the broker is set; many topics in one call, in their order', async () => {
    const { admin } = ground.kafka()
    const topics = Array.from({ length: 5 }, (_, i) => ({ topic: fresh(`many${i}`), partitions: i + 1 }))
    const created = await admin.createTopics([...topics, { topic: fresh('default') }])
    expect(created.slice(0, 5).map(({ name, partitions }) => ({ topic: name, partitions }))).toEqual(topics)
    expect(created[5]).toMatchObject({ partitions: 1, replicationFactor: 1 })
    expect(await admin.createTopics([])).toEqual([])
    const described = await admin.describeTopics(topics.map(({ topic }) => topic).reverse())
    expect(described.map(({ partitions }) => partitions.length)).toEqual([5, 4, 3, 2, 1])
    expect(described[0]!.configs).toBeUndefined()
  })

  test('replicas go where assignments say', async () => {
    const { admin } = ground.kafka()
    const [{ partitions: [first] = [] } = {}] = await described(ground, admin)
    const topic = fresh('assigned')
    await admin.createTopics([{ topic, assignments: [[first!.leader], [first!.leader]] }])
    const [made] = await admin.describeTopics([topic])
    expect(made!.partitions.map(({ replicas }) => replicas)).toEqual([[first!.leader], [first!.leader]])
  })

  test('validateOnly makes nothing, and says what a broker would refuse', async () => {
    const { admin } = ground.kafka()
    const topic = fresh('only-asked')
    const [would] = await admin.createTopics([{ topic, partitions: 2 }], { validateOnly: true })
    expect(would).toMatchObject({ name: topic, id: undefined })
    await expect(admin.describeTopics([topic])).rejects.toThrow(TopicNotFound)
    const wrong = { topic, configs: { 'no.such.setting': 1 } }
    await expect(admin.createTopics([wrong], { validateOnly: true })).rejects.toMatchObject({
      code: 'INVALID_CONFIG',
      topic,
    })
  })

  test('a topic that exists is a TopicExists; what else was asked for in the call is done', async () => {
    const { admin } = ground.kafka()
    const [topic, other] = [await ground.topic('there'), fresh('beside')]
    const twice = admin.createTopics([{ topic }, { topic: other }])
    await expect(twice).rejects.toThrow(TopicExists)
    await expect(twice).rejects.toMatchObject({ code: 'TOPIC_ALREADY_EXISTS', kafkaCode: 36, topic })
    // It is made by the controller: the broker that lists hears of it a moment later.
    const names = async () => (await admin.listTopics()).map(({ name }) => name)
    await vi.waitFor(async () => expect(await names()).toContain(other), { timeout: 10_000, interval: 50 })
    const both = await admin.createTopics([{ topic }, { topic: other }]).catch((error) => error)
    expect(both).toBeInstanceOf(TopicsFailed)
    expect(both.errors.map((error: TopicExists) => [error.name, error.topic])).toEqual([
      ['TopicExists', topic],
      ['TopicExists', other],
    ])
  })

  test('the list has every topic once, by name, with its partitions', async () => {
    const { admin } = ground.kafka()
    const topic = await ground.topic('listed', 4)
    const list = await admin.listTopics()
    const found = list.filter(({ name }) => name === topic)
    const [{ id } = {}] = await admin.describeTopics([topic])
    expect(found).toEqual([{ name: topic, id, partitions: 4, internal: false }])
    expect(list.map(({ name }) => name)).toEqual([...new Set(list.map(({ name }) => name))].sort())
    expect((await admin.listTopics({ internal: false })).some(({ internal }) => internal)).toBe(false)
  })

  test('a topic grows, and its new partitions can be written to at once; it never shrinks', async () => {
    const kafka = ground.kafka()
    const topic = await ground.topic('grown', 1)
    expect(await valuesOf(kafka, topic)).toEqual([])
    await kafka.admin.createPartitions([{ topic, partitions: 3 }], { validateOnly: true })
    await expect(kafka.iterate({ [topic]: { partitions: [2] } }).poll()).rejects.toThrow(PartitionNotFound)
    await kafka.admin.createPartitions([{ topic, partitions: 3 }])
    await ground.produce(topic, [{ partition: 2, value: 'new' }])
    expect(await valuesOf(kafka, topic)).toEqual(['new'])
    for (const partitions of [2, 3]) {
      await expect(kafka.admin.createPartitions([{ topic, partitions }])).rejects.toMatchObject({
        code: 'INVALID_PARTITIONS',
        topic,
      })
    }
  })

  test('deleted topics are gone, by name and by id, and can be made anew', async () => {
    const kafka = ground.kafka()
    const { admin } = kafka
    const [a, b] = [await ground.topic('by-name'), await ground.topic('by-id')]
    await ground.produce(a, [{ value: 'old' }])
    expect(await valuesOf(kafka, a)).toEqual(['old'])
    const [{ id } = { id: '' }] = await admin.describeTopics([b])
    await admin.deleteTopics([a, { id }])
    const left = (await admin.listTopics()).map(({ name }) => name)
    expect([left.includes(a), left.includes(b)]).toEqual([false, false])
    const again = admin.deleteTopics([a])
    await expect(again).rejects.toThrow(TopicNotFound)
    await expect(again).rejects.toMatchObject({ topic: a })
    await expect(admin.deleteTopics([{ id }])).rejects.toMatchObject({ code: 'UNKNOWN_TOPIC_ID' })
    await admin.createTopics([{ topic: a, partitions: 2 }])
    await ground.produce(a, [{ partition: 1, value: 'new' }])
    expect(await valuesOf(kafka, a)).toEqual(['new'])
  })

  test('a topic that is not there cannot be described or grown: TopicNotFound', async () => {
    const { admin } = ground.kafka()
    const topic = fresh('nowhere')
    await expect(admin.describeTopics([topic])).rejects.toThrow(TopicNotFound)
    await expect(admin.describeTopics([topic], { configs: true })).rejects.toMatchObject({ topic })
    await expect(admin.createPartitions([{ topic, partitions: 2 }])).rejects.toThrow(TopicNotFound)
  })
})

async function described(ground: Ground, admin: Kafka['admin']) {
  return admin.describeTopics([await ground.topic('described')])
}

async function valuesOf(kafka: Kafka, topic: string): Promise<(string | undefined)[]> {
  const values: (string | undefined)[] = []
  for await (const record of kafka.iterate(topic)) values.push(record.value?.toString())
  return values
}
