// Committed offsets, coordinators and producer ids over the wire.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Broker } from '../../../src/broker/index.ts'
import { ErrorCode } from '../../../src/protocol/errors.ts'
import { RawClient } from '../raw-client.ts'

let broker: Broker
let clients: RawClient[]

beforeEach(async () => {
  broker = await Broker.start({ brokers: 2 })
  broker.createTopic('t', { partitions: 2 })
  clients = await Promise.all(broker.addresses.map((address) => RawClient.connect(address)))
})

afterEach(async () => {
  await broker.close()
  expect(broker.errors).toEqual([])
})

/** The connection to the node that coordinates the group. */
async function coordinator(group: string): Promise<RawClient> {
  const { coordinators } = await clients[0]!.call('FindCoordinator', 4, { coordinatorKeys: [group] })
  return clients[coordinators[0]!.nodeId - 1]!
}

const commitOf = (groupId: string, committedOffset: number, partitionIndex = 0) => ({
  groupId,
  topics: [{ name: 't', partitions: [{ partitionIndex, committedOffset, committedMetadata: 'note' }] }],
})

test.each([2, 5, 7, 9])('what is committed in v%i is fetched again, by any version', async (version) => {
  const client = await coordinator('g')
  const committed = await client.call('OffsetCommit', version, commitOf('g', 42))
  expect(committed.topics[0]?.partitions[0]?.errorCode).toBe(0)
  for (const old of [1, 5, 7]) {
    const request = { groupId: 'g', topics: [{ name: 't', partitionIndexes: [0, 1] }] }
    const { topics } = await client.call('OffsetFetch', old, request)
    expect(topics[0]?.partitions).toMatchObject([{ committedOffset: 42, metadata: 'note' }, { committedOffset: -1 }])
  }
  const { groups } = await client.call('OffsetFetch', 9, { groups: [{ groupId: 'g', topics: null }] })
  expect(groups[0]).toMatchObject({
    errorCode: 0,
    topics: [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 42 }] }],
  })
})

test('v10 of both knows topics by id', async () => {
  const client = await coordinator('g')
  const { topicId } = (await client.call('Metadata', 12, { topics: [{ name: 't' }] })).topics[0]!
  const unknown = 'AAAAAAAAAAAAAAAAAAAAAQ'
  const partitions = [{ partitionIndex: 1, committedOffset: 7 }]
  const topics = [topicId, unknown].map((id) => ({ topicId: id, partitions }))
  const committed = await client.call('OffsetCommit', 10, { groupId: 'g', topics })
  expect(committed.topics.map((topic) => topic.partitions[0]?.errorCode)).toEqual([0, ErrorCode.UNKNOWN_TOPIC_ID])
  const wanted = [topicId, unknown].map((id) => ({ topicId: id, partitionIndexes: [1] }))
  const { groups } = await client.call('OffsetFetch', 10, { groups: [{ groupId: 'g', topics: wanted }] })
  expect(groups[0]?.topics).toMatchObject([
    { topicId, partitions: [{ committedOffset: 7 }] },
    { topicId: unknown, partitions: [{ errorCode: ErrorCode.UNKNOWN_TOPIC_ID }] },
  ])
})

test('members of no group, other nodes, unknown partitions and long metadata are refused', async () => {
  const client = await coordinator('g')
  const other = clients.find((one) => one !== client)!
  const code = async (from: RawClient, request: object) =>
    (await from.call('OffsetCommit', 8, { ...commitOf('g', 1), ...request })).topics[0]!.partitions[0]!.errorCode
  expect(await code(client, { generationIdOrMemberEpoch: 3, memberId: 'm' })).toBe(ErrorCode.ILLEGAL_GENERATION)
  expect(await code(client, commitOf('g', 1, 9))).toBe(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  const long = commitOf('g', 1)
  long.topics[0]!.partitions[0]!.committedMetadata = 'x'.repeat(5000)
  expect(await code(client, long)).toBe(ErrorCode.OFFSET_METADATA_TOO_LARGE)
  expect(await code(other, {})).toBe(ErrorCode.NOT_COORDINATOR)
  const { groups } = await other.call('OffsetFetch', 8, { groups: [{ groupId: 'g', topics: null }] })
  expect(groups[0]?.errorCode).toBe(ErrorCode.NOT_COORDINATOR)
})

test('a deleted topic takes its offsets along', async () => {
  const client = await coordinator('g')
  await client.call('OffsetCommit', 8, commitOf('g', 1))
  broker.deleteTopic('t')
  const { groups } = await client.call('OffsetFetch', 8, { groups: [{ groupId: 'g', topics: null }] })
  expect(groups[0]?.topics).toEqual([])
})

test('every node names the same coordinator, and keys are spread', async () => {
  const coordinatorKeys = Array.from({ length: 50 }, (_, i) => `group-${i}`)
  const answers = await Promise.all(clients.map((client) => client.call('FindCoordinator', 6, { coordinatorKeys })))
  const nodes = answers.map(({ coordinators }) => coordinators.map(({ nodeId }) => nodeId))
  expect(nodes[0]).toEqual(nodes[1])
  expect(new Set(nodes[0])).toEqual(new Set([1, 2]))
  const single = await clients[0]!.call('FindCoordinator', 2, { key: 'group-0' })
  expect(single.nodeId).toBe(nodes[0]![0])
  const wrong = await clients[0]!.call('FindCoordinator', 4, { keyType: 7, coordinatorKeys: ['x'] })
  expect(wrong.coordinators[0]?.errorCode).toBe(ErrorCode.INVALID_REQUEST)
})

test('producer ids are never given twice; a transactional id keeps its own and gets a new epoch', async () => {
  const init = async (transactionalId: string | null) => {
    const { producerId, producerEpoch } = await clients[0]!.call('InitProducerId', 4, { transactionalId })
    return [producerId, producerEpoch] as const
  }
  const [first] = await init(null)
  const [second] = await init(null)
  expect(second).not.toBe(first)
  const found = await clients[0]!.call('FindCoordinator', 2, { key: 'tx', keyType: 1 })
  const coordinated = { transactionalId: 'tx', transactionTimeoutMs: 1000 }
  const [one, two] = [
    await clients[found.nodeId - 1]!.call('InitProducerId', 4, coordinated),
    await clients[found.nodeId - 1]!.call('InitProducerId', 4, coordinated),
  ]
  expect(two).toMatchObject({ errorCode: 0, producerId: one.producerId, producerEpoch: one.producerEpoch + 1 })
  const refused = await clients[0]!.call('InitProducerId', 4, { transactionalId: '' })
  expect(refused.errorCode).toBe(ErrorCode.INVALID_REQUEST)
})
