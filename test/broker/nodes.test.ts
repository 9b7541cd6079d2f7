// Nodes that go down and come back, coordinators that move, requests that are cut or refused so many times.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { ErrorCode } from '../../src/protocol/errors.ts'
import { batchOf } from './batches.ts'
import { RawClient } from './raw-client.ts'

let broker: Broker
let client: RawClient

beforeEach(async () => {
  broker = await Broker.start({ brokers: 3 })
  client = await RawClient.connect(broker.addresses[1]!)
})

afterEach(async () => {
  await broker.close()
  expect(broker.errors).toEqual([])
})

const described = async (topic: string) => {
  const { topics, brokers } = await client.call('Metadata', 12, { topics: [{ name: topic }] })
  return { brokers: brokers.map(({ nodeId }) => nodeId), partitions: topics[0]!.partitions }
}
const produce = async (to: RawClient, topic: string, acks: number, index = 0) => {
  const topicData = [{ name: topic, partitionData: [{ index, records: batchOf(1) }] }]
  return (await to.call('Produce', 9, { acks, topicData })).responses[0]!.partitionResponses[0]!
}

test('a node that goes down leaves its partitions to other replicas, or to nobody', async () => {
  broker.createTopic('t', { assignments: [[1, 2], [1], [3]], configs: { 'min.insync.replicas': '2' } })
  await broker.stopNode(1)
  await expect(RawClient.connect(broker.addresses[0]!)).rejects.toThrow(/ECONNREFUSED/)
  expect(await described('t')).toMatchObject({
    brokers: [2, 3],
    partitions: [
      { leaderId: 2, leaderEpoch: 1, replicaNodes: [1, 2], isrNodes: [2], offlineReplicas: [1] },
      { errorCode: ErrorCode.LEADER_NOT_AVAILABLE, leaderId: -1 },
      { leaderId: 3, leaderEpoch: 0 },
    ],
  })
  expect((await produce(client, 't', -1)).errorCode).toBe(ErrorCode.NOT_ENOUGH_REPLICAS)
  expect((await produce(client, 't', 1)).errorCode).toBe(0)
  await broker.startNode(1)
  await broker.startNode(1)
  expect((await described('t')).partitions).toMatchObject([
    { leaderId: 2, isrNodes: [1, 2] },
    { leaderId: 1, leaderEpoch: 2 },
    { leaderId: 3 },
  ])
  expect((await produce(client, 't', -1)).errorCode).toBe(0)
  expect((await produce(await RawClient.connect(broker.addresses[0]!), 't', -1, 1)).errorCode).toBe(0)
})

test('what producers wrote is known to the next leader', async () => {
  broker.createTopic('t', { assignments: [[1, 2]] })
  const first = await RawClient.connect(broker.addresses[0]!)
  const batch = { producerId: 5n, producerEpoch: 0, baseSequence: 0 }
  const topicData = [{ name: 't', partitionData: [{ index: 0, records: batchOf(2, batch) }] }]
  await first.call('Produce', 9, { acks: -1, topicData })
  broker.moveLeader('t', 0, 2)
  const repeated = await client.call('Produce', 9, { acks: -1, topicData })
  expect(repeated.responses[0]!.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 0 })
  expect(broker.describe('t', 0).endOffset).toBe(2)
})

test('transactional ids follow their coordinator, which may have to load them', async () => {
  const find = async () => {
    const answer = await client.call('FindCoordinator', 4, { keyType: 1, coordinatorKeys: ['tx'] })
    return answer.coordinators[0]!.nodeId
  }
  const init = { transactionalId: 'tx', transactionTimeoutMs: 1000 }
  broker.moveCoordinator('tx', 2, { of: 'transaction' })
  expect(await find()).toBe(2)
  const producer = await client.call('InitProducerId', 5, init)
  expect(producer.errorCode).toBe(0)
  broker.moveCoordinator('tx', 3, { of: 'transaction', loadMs: 600_000 })
  expect(await find()).toBe(3)
  expect((await client.call('InitProducerId', 5, init)).errorCode).toBe(ErrorCode.NOT_COORDINATOR)
  const third = await RawClient.connect(broker.addresses[2]!)
  expect((await third.call('InitProducerId', 5, init)).errorCode).toBe(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
  broker.moveCoordinator('tx', 3, { of: 'transaction' })
  expect((await third.call('InitProducerId', 5, init)).producerId).toBe(producer.producerId)
  await broker.stopNode(3)
  expect(await find()).toBe(1)
})

test('a request may be refused so many times, or only where it asks for something', async () => {
  broker.createTopic('t', { assignments: [[2], [2]] })
  broker.fail('Produce', ErrorCode.NOT_LEADER_OR_FOLLOWER, { times: 2 })
  const codes = []
  for (let i = 0; i < 3; i++) codes.push((await produce(client, 't', 1)).errorCode)
  expect(codes).toEqual([6, 6, 0])
  const toSecond = (request: { topicData: { partitionData: { index: number }[] }[] }) =>
    request.topicData[0]!.partitionData[0]!.index === 1
  const stop = broker.fail('Produce', ErrorCode.REQUEST_TIMED_OUT, { times: Infinity, when: toSecond })
  expect((await produce(client, 't', 1)).errorCode).toBe(0)
  expect((await produce(client, 't', 1, 1)).errorCode).toBe(7)
  stop()
  expect((await produce(client, 't', 1, 1)).errorCode).toBe(0)
})

test('a connection is cut within a request, which then never was', async () => {
  broker.createTopic('t', { assignments: [[2]] })
  const answered: number[] = []
  broker.on('Produce', () => ({ answered: () => answered.push(broker.describe('t', 0).endOffset) }))
  await produce(client, 't', 1)
  expect(answered).toEqual([1])
  broker.cutAfterReceiving(20, 2)
  await expect(produce(client, 't', 1)).rejects.toThrow(/the connection ended/)
  expect(broker.describe('t', 0).endOffset).toBe(1)
  client = await RawClient.connect(broker.addresses[1]!)
  expect((await produce(client, 't', 1)).baseOffset).toBe(1)
})
