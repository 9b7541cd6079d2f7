// The fault injector: each action does what it says, to the request it was asked about and to no other.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { batchOf } from './batches.ts'
import { RawClient } from './raw-client.ts'

let broker: Broker
let client: RawClient

beforeEach(async () => {
  broker = await Broker.start()
  broker.createTopic('t')
  client = await RawClient.connect(broker.address)
})

afterEach(async () => {
  await broker.close()
  expect(broker.errors).toEqual([])
})

const listAll = { topics: null }
const produceOne = {
  acks: 1,
  topicData: [{ name: 't', partitionData: [{ index: 0, records: batchOf(1) }] }],
}
const fetchAll = {
  topics: [{ topic: 't', partitions: [{ partition: 0, partitionMaxBytes: 1_000_000 }] }],
}

test('a hook sees requests and lets them pass', async () => {
  const seen: unknown[] = []
  const remove = broker.on('Metadata', (request, { version, clientId, node }) => {
    seen.push([request.topics, version, clientId, node.id])
  })
  await client.call('Metadata', 4, listAll)
  remove()
  await client.call('Metadata', 4, listAll)
  expect(seen).toEqual([[null, 4, 'raw', 1]])
})

test('an error code fails all that was asked for, and nothing takes effect', async () => {
  broker.once('Produce', () => ({ errorCode: 6 }))
  const refused = await client.call('Produce', 7, produceOne)
  expect(refused.responses[0]?.partitionResponses[0]).toMatchObject({ index: 0, errorCode: 6 })
  expect(broker.describe('t', 0).endOffset).toBe(0)
  const stored = await client.call('Produce', 7, produceOne)
  expect(stored.responses[0]?.partitionResponses[0]).toMatchObject({ errorCode: 0, baseOffset: 0 })
})

test('in Fetch, an error of the session fails the request, any other fails the partitions', async () => {
  broker.once('Fetch', () => ({ errorCode: 71 }))
  expect(await client.call('Fetch', 11, fetchAll)).toMatchObject({ errorCode: 71, responses: [] })
  broker.once('Fetch', () => ({ errorCode: 3 }))
  const { errorCode, responses } = await client.call('Fetch', 11, fetchAll)
  expect(errorCode).toBe(0)
  expect(responses[0]?.partitions[0]).toMatchObject({ errorCode: 3, highWatermark: -1 })
})

test('a response of its own is sent instead', async () => {
  broker.once('Metadata', () => ({
    response: { brokers: [{ nodeId: 9, host: 'elsewhere', port: 1 }], clusterId: 'x' },
  }))
  expect(await client.call('Metadata', 4, listAll)).toMatchObject({
    clusterId: 'x',
    topics: [],
    brokers: [{ nodeId: 9 }],
  })
})

test('an answer can be edited, in place or by another', async () => {
  broker.once('Metadata', () => ({
    edit: (response) => {
      response.topics[0]!.partitions = []
      return undefined
    },
  }))
  broker.once('Metadata', () => ({ edit: (response) => ({ ...response, clusterId: 'other' }) }))
  expect((await client.call('Metadata', 4, listAll)).topics[0]?.partitions).toEqual([])
  expect(await client.call('Metadata', 4, listAll)).toMatchObject({ clusterId: 'other', topics: [{ name: 't' }] })
  await broker.seed('t', ['a'])
  broker.once('Fetch', () => ({
    edit: (response) => {
      response.responses[0]!.partitions[0]!.highWatermark = 99
      return undefined
    },
  }))
  const partition = (await client.call('Fetch', 11, fetchAll)).responses[0]!.partitions[0]!
  expect(partition.highWatermark).toBe(99)
  expect(partition.records?.length).toBeGreaterThan(60)
})

test('raw bytes are sent as they are', async () => {
  broker.once('Metadata', () => ({ raw: Buffer.from([0, 0, 0, 5, 1, 2, 3, 4, 5]) }))
  client.send('Metadata', 4, listAll)
  expect([...(await client.nextFrame())]).toEqual([1, 2, 3, 4, 5])
})

test('a delay holds up this connection only', async () => {
  const order: string[] = []
  broker.once('Metadata', () => ({ delayMs: 50 }))
  const other = await RawClient.connect(broker.address)
  const late = client.call('Metadata', 4, listAll).then(() => order.push('late'))
  // The hook must have been asked before the other connection asks.
  await expect.poll(() => broker.connectionCount).toBe(2)
  await new Promise((resolve) => setTimeout(resolve, 10))
  await other.call('Metadata', 4, listAll).then(() => order.push('other'))
  await late
  expect(order).toEqual(['other', 'late'])
})

test('a dropped request hangs its connection, before or after it took effect', async () => {
  broker.once('Produce', () => ({ drop: true }))
  client.send('Produce', 7, produceOne)
  client.send('Metadata', 4, listAll)
  const second = await RawClient.connect(broker.address)
  broker.once('Produce', () => ({ drop: 'after' }))
  await second.call('Metadata', 4, listAll)
  second.send('Produce', 7, produceOne)
  await expect.poll(() => broker.describe('t', 0).endOffset).toBe(1)
  const outcome = Promise.race([client.nextFrame(), second.nextFrame()])
  const third = await RawClient.connect(broker.address)
  await third.call('Metadata', 4, listAll)
  broker.disconnectAll()
  await expect(outcome).rejects.toThrow(/the connection ended/)
})

test('a cut connection loses the request, or only its answer', async () => {
  broker.once('Produce', () => ({ cut: true }))
  await expect(client.call('Produce', 7, produceOne)).rejects.toThrow(/the connection ended/)
  expect(broker.describe('t', 0).endOffset).toBe(0)
  broker.once('Produce', () => ({ cut: 'after' }))
  const second = await RawClient.connect(broker.address)
  await expect(second.call('Produce', 7, produceOne)).rejects.toThrow(/the connection ended/)
  expect(broker.describe('t', 0).endOffset).toBe(1)
})

test('an answer can be cut in the middle', async () => {
  broker.once('Metadata', () => ({ cutAfterBytes: 10 }))
  let got = 0
  client.socket.on('data', (chunk: Buffer) => {
    got += chunk.length
  })
  await expect(client.call('Metadata', 4, listAll)).rejects.toThrow(/the connection ended/)
  expect(got).toBe(10)
})

test('an API without a handler is offered while it has a hook', async () => {
  const isOffered = async () => {
    const { apiKeys } = await (await RawClient.connect(broker.address)).call('ApiVersions', 0, {})
    return apiKeys.some(({ apiKey }) => apiKey === 43)
  }
  expect(await isOffered()).toBe(false)
  broker.on('ElectLeaders', () => ({ response: { errorCode: 41 } }))
  expect(await isOffered()).toBe(true)
  expect(await client.call('ElectLeaders', 2, {})).toMatchObject({ errorCode: 41 })
  broker.off()
  await expect(client.call('ElectLeaders', 2, {})).rejects.toThrow(/the connection ended/)
})

test('the first hook that decides wins, and a hook may take its time', async () => {
  broker.on('Metadata', async () => undefined)
  broker.on('Metadata', async () => ({ response: { clusterId: 'second' } }))
  broker.on('Metadata', () => ({ response: { clusterId: 'third' } }))
  expect((await client.call('Metadata', 4, listAll)).clusterId).toBe('second')
})

test('paused answers leave in order when they are resumed; what was asked took effect before', async () => {
  broker.pauseAnswers()
  const answer = client.call('Produce', 7, produceOne)
  await expect.poll(() => broker.describe('t', 0).endOffset).toBe(1)
  broker.resumeAnswers()
  expect((await answer).responses[0]?.partitionResponses[0]?.errorCode).toBe(0)
})

test('a hook that throws is a fault that the broker reports', async () => {
  broker.once('Metadata', () => {
    throw new Error('a wrong hook')
  })
  await expect(client.call('Metadata', 4, listAll)).rejects.toThrow(/the connection ended/)
  expect(broker.errors).toHaveLength(1)
  await broker.close()
  ;(broker.errors as unknown[]).length = 0
})

test('connections of one node can be cut without the others', async () => {
  const cluster = await Broker.start({ brokers: 2 })
  const [first, second] = await Promise.all(cluster.addresses.map((address) => RawClient.connect(address)))
  await Promise.all([first!.call('Metadata', 4, listAll), second!.call('Metadata', 4, listAll)])
  cluster.disconnectAll(1)
  await first!.closed
  await second!.call('Metadata', 4, listAll)
  await cluster.close()
})
