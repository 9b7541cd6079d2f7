// Topics over the wire: made, grown, described, emptied and deleted.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Broker } from '../../../src/broker/index.ts'
import { ZERO_UUID } from '../../../src/bytes/reader.ts'
import type { RequestInput } from '../../../src/protocol/apis.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { batchOf } from '../batches.ts'
import { RawClient } from '../raw-client.ts'

let broker: Broker
let client: RawClient

beforeEach(async () => {
  broker = await Broker.start({ brokers: 2, partitions: 3 })
  client = await RawClient.connect(broker.address)
})

afterEach(async () => {
  await broker.close()
  expect(broker.errors).toEqual([])
})

type NewTopic = NonNullable<RequestInput<'CreateTopics'>['topics']>[number]

async function create(topic: NewTopic, { validateOnly = false, version = 7 } = {}) {
  const request = { topics: [{ numPartitions: 1, replicationFactor: 1, ...topic }], validateOnly }
  return (await client.call('CreateTopics', version, request)).topics[0]!
}

describe('CreateTopics', () => {
  test('makes what was asked for and tells what it is', async () => {
    const made = await create({
      name: 't',
      numPartitions: 2,
      replicationFactor: 2,
      configs: [{ name: 'retention.ms', value: '5' }],
    })
    expect(made).toMatchObject({ errorCode: 0, numPartitions: 2, replicationFactor: 2 })
    expect(made.topicId).not.toBe(ZERO_UUID)
    expect(made.configs?.find(({ name }) => name === 'retention.ms')).toMatchObject({ value: '5', configSource: 1 })
    const { topics } = await client.call('Metadata', 12, { topics: [{ name: 't' }] })
    expect(topics[0]).toMatchObject({
      topicId: made.topicId,
      partitions: [{ replicaNodes: [1, 2] }, { replicaNodes: [2, 1] }],
    })
  })

  test('-1 takes the defaults of the broker; assignments are taken as they are', async () => {
    expect(await create({ name: 'a', numPartitions: -1, replicationFactor: -1 })).toMatchObject({ numPartitions: 3 })
    const assignments = [
      { partitionIndex: 1, brokerIds: [1] },
      { partitionIndex: 0, brokerIds: [2, 1] },
    ]
    await create({ name: 'b', numPartitions: -1, replicationFactor: -1, assignments })
    expect([broker.describe('b', 0).leader, broker.describe('b', 1).leader]).toEqual([2, 1])
  })

  test('validation alone makes nothing', async () => {
    expect((await create({ name: 't' }, { validateOnly: true })).errorCode).toBe(0)
    expect(broker.topics).toEqual([])
  })

  test.each([
    ['a bad name', { name: 'a/b' }, ErrorCode.INVALID_TOPIC_EXCEPTION],
    ['no partitions', { name: 't', numPartitions: 0 }, ErrorCode.INVALID_PARTITIONS],
    ['a billion partitions', { name: 't', numPartitions: 1_000_000_000 }, ErrorCode.INVALID_PARTITIONS],
    ['more replicas than brokers', { name: 't', replicationFactor: 3 }, ErrorCode.INVALID_REPLICATION_FACTOR],
    ['an unknown setting', { name: 't', configs: [{ name: 'x', value: '1' }] }, ErrorCode.INVALID_CONFIG],
    [
      'a setting that is no number',
      { name: 't', configs: [{ name: 'retention.ms', value: 'x' }] },
      ErrorCode.INVALID_CONFIG,
    ],
    [
      'an unknown broker',
      { name: 't', numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 0, brokerIds: [9] }] },
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    ],
    [
      'counts beside assignments',
      { name: 't', assignments: [{ partitionIndex: 0, brokerIds: [1] }] },
      ErrorCode.INVALID_REQUEST,
    ],
  ])('%s is refused', async (_, topic, errorCode) => {
    expect((await create(topic)).errorCode).toBe(errorCode)
    expect(broker.topics).toEqual([])
  })

  test('a name that is taken, or given twice, is refused; only the controller makes topics', async () => {
    await create({ name: 't' })
    expect((await create({ name: 't' }, { version: 2 })).errorCode).toBe(ErrorCode.TOPIC_ALREADY_EXISTS)
    const twice = await client.call('CreateTopics', 5, { topics: [{ name: 'u' }, { name: 'u' }] })
    expect(twice.topics.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCode.INVALID_REQUEST,
      ErrorCode.INVALID_REQUEST,
    ])
    const other = await RawClient.connect(broker.addresses[1]!)
    const elsewhere = await other.call('CreateTopics', 5, { topics: [{ name: 'v' }] })
    expect(elsewhere.topics[0]?.errorCode).toBe(ErrorCode.NOT_CONTROLLER)
  })
})

describe('Metadata', () => {
  test('tells of all topics, none, or those named by name or id', async () => {
    broker.createTopic('a')
    broker.createTopic('b')
    const names = async (version: number, topics: RequestInput<'Metadata'>['topics']) =>
      (await client.call('Metadata', version, { topics })).topics.map(({ name }) => name)
    expect(await names(0, [])).toEqual(['a', 'b'])
    expect(await names(1, [])).toEqual([])
    expect(await names(13, null)).toEqual(['a', 'b'])
    const { topicId } = (await client.call('Metadata', 12, { topics: [{ name: 'b' }] })).topics[0]!
    expect(await names(12, [{ topicId, name: null }])).toEqual(['b'])
    const unknown = await client.call('Metadata', 12, { topics: [{ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', name: null }] })
    expect(unknown.topics[0]).toMatchObject({ errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null })
  })

  test('does not make topics by accident, and bad names are told from missing ones', async () => {
    const { topics } = await client.call('Metadata', 8, { topics: [{ name: 'missing' }, { name: 'bad name' }] })
    expect(topics.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
      ErrorCode.INVALID_TOPIC_EXCEPTION,
    ])
    expect(broker.topics).toEqual([])
  })

  test('makes them where broker and client both want it', async () => {
    const making = await Broker.start({ autoCreateTopics: true, partitions: 2 })
    const other = await RawClient.connect(making.address)
    await other.call('Metadata', 8, { topics: [{ name: 'unwanted' }], allowAutoTopicCreation: false })
    const { topics } = await other.call('Metadata', 8, { topics: [{ name: 'wanted' }] })
    expect(topics[0]).toMatchObject({ errorCode: 0, partitions: [{}, {}] })
    expect(making.topics).toEqual(['wanted'])
    await making.close()
  })
})

describe('growing, emptying and deleting', () => {
  test('partitions are only ever added', async () => {
    broker.createTopic('t', { partitions: 2 })
    const grow = async (count: number, more: object = {}) => {
      const { results } = await client.call('CreatePartitions', 3, {
        topics: [{ name: 't', count, assignments: null }],
        ...more,
      })
      return results[0]!.errorCode
    }
    expect(await grow(4, { validateOnly: true })).toBe(0)
    expect(() => broker.describe('t', 3)).toThrow()
    expect(await grow(4)).toBe(0)
    expect(broker.describe('t', 3).endOffset).toBe(0)
    expect(await grow(4)).toBe(ErrorCode.INVALID_PARTITIONS)
    const assigned = { topics: [{ name: 't', count: 5, assignments: [{ brokerIds: [2] }] }] }
    expect((await client.call('CreatePartitions', 0, assigned)).results[0]?.errorCode).toBe(0)
    expect(broker.describe('t', 4).leader).toBe(2)
    const wrong = {
      topics: [
        { name: 't', count: 7, assignments: [{ brokerIds: [2] }] },
        { name: 'u', count: 2 },
      ],
    }
    expect((await client.call('CreatePartitions', 2, wrong)).results.map(({ errorCode }) => errorCode)).toEqual([
      ErrorCode.INVALID_REPLICA_ASSIGNMENT,
      ErrorCode.UNKNOWN_TOPIC_OR_PARTITION,
    ])
  })

  test('records are deleted up to an offset, or all of them', async () => {
    broker.createTopic('t', { assignments: [[1], [2]] })
    broker.append('t', 0, batchOf(10))
    const remove = async (offset: number, partitionIndex = 0) => {
      const answer = await client.call('DeleteRecords', 2, {
        topics: [{ name: 't', partitions: [{ partitionIndex, offset }] }],
      })
      const { lowWatermark, errorCode } = answer.topics[0]!.partitions[0]!
      return errorCode === 0 ? lowWatermark : -errorCode
    }
    expect(await remove(4)).toBe(4)
    expect(await remove(-1)).toBe(10)
    expect(await remove(11)).toBe(-ErrorCode.OFFSET_OUT_OF_RANGE)
    expect(await remove(0, 1)).toBe(-ErrorCode.NOT_LEADER_OR_FOLLOWER)
    expect(await remove(0, 2)).toBe(-ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  test('topics are deleted by name, or by id', async () => {
    broker.createTopic('a')
    broker.createTopic('b')
    const { topicId } = (await client.call('Metadata', 12, { topics: [{ name: 'b' }] })).topics[0]!
    const byName = await client.call('DeleteTopics', 5, { topicNames: ['a', 'a'] })
    expect(byName.responses.map(({ errorCode }) => errorCode)).toEqual([0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION])
    const byId = await client.call('DeleteTopics', 6, { topics: [{ topicId }, { topicId }] })
    expect(byId.responses).toMatchObject([
      { errorCode: 0, name: 'b' },
      { errorCode: ErrorCode.UNKNOWN_TOPIC_ID, name: null },
    ])
    expect(broker.topics).toEqual([])
  })
})

describe('describing', () => {
  test('the settings of a topic say which are its own', async () => {
    broker.createTopic('t', { configs: { 'cleanup.policy': 'compact' } })
    const resources = [
      { resourceType: 2, resourceName: 't', configurationKeys: ['cleanup.policy', 'segment.bytes'] },
      { resourceType: 2, resourceName: 'missing', configurationKeys: null },
      { resourceType: 4, resourceName: '1', configurationKeys: null },
    ]
    const { results } = await client.call('DescribeConfigs', 4, { resources, includeSynonyms: true })
    expect(results.map(({ errorCode }) => errorCode)).toEqual([0, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 0])
    expect(results[0]?.configs).toMatchObject([
      { name: 'cleanup.policy', value: 'compact', configSource: 1, configType: 7 },
      { name: 'segment.bytes', value: '1073741824', configSource: 5, configType: 3 },
    ])
    expect(results[2]?.configs.find(({ name }) => name === 'num.partitions')?.value).toBe('3')
  })

  test('the cluster has an id, a controller and its brokers', async () => {
    const described = await client.call('DescribeCluster', 2, {})
    expect(described).toMatchObject({ errorCode: 0, controllerId: 1, brokers: [{ brokerId: 1 }, { brokerId: 2 }] })
    expect(described.clusterId).toBe((await client.call('Metadata', 9, { topics: [] })).clusterId)
    const controllers = await client.call('DescribeCluster', 1, { endpointType: 2 })
    expect(controllers.errorCode).toBe(ErrorCode.MISMATCHED_ENDPOINT_TYPE)
  })
})
