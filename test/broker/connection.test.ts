// Connections of the broker: one request at a time, bad bytes cost only the connection, limits hold.
import { afterEach, beforeEach, expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import type { Socket } from '../../src/base/transport.ts'
import { Cluster } from '../../src/broker/cluster.ts'
import { Connection } from '../../src/broker/connection.ts'
import { FRAME_BYTES_MAX } from '../../src/broker/frame-reader.ts'
import { Broker } from '../../src/broker/index.ts'
import { Server } from '../../src/broker/server.ts'
import { advertisedVersions } from '../../src/broker/versions.ts'
import { encodeRequest } from '../../src/protocol/frame.ts'
import { VirtualClock } from '../../src/wiring/virtual-clock.ts'
import { batchOf } from './batches.ts'
import { RawClient } from './raw-client.ts'

let broker: Broker

beforeEach(async () => {
  broker = await Broker.start()
  broker.createTopic('t')
})

afterEach(async () => {
  await broker.close()
  expect(broker.errors).toEqual([])
})

const fetchOf = (fetchOffset: number, maxWaitMs: number) => ({
  maxWaitMs,
  minBytes: 1,
  topics: [{ topic: 't', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1_000_000 }] }],
})

function frame(...bytes: number[]): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32BE(bytes.length)
  return Buffer.concat([length, Buffer.from(bytes)])
}

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

test('requests of a connection are answered in order, one after the other', async () => {
  const client = await RawClient.connect(broker.address)
  const parked = client.send('Fetch', 4, fetchOf(0, 100))
  const behind = client.send('Metadata', 4, { topics: null })
  // Another connection is not held up by the parked fetch.
  const other = await RawClient.connect(broker.address)
  await other.call('Metadata', 4, { topics: null })
  expect((await client.nextFrame()).readInt32BE(0)).toBe(parked)
  expect((await client.nextFrame()).readInt32BE(0)).toBe(behind)
})

test('a hundred requests in one write get a hundred answers', async () => {
  const client = await RawClient.connect(broker.address)
  const sent = Array.from({ length: 100 }, () => client.send('Metadata', 4, { topics: null }))
  const got: number[] = []
  for (const _ of sent) got.push((await client.nextFrame()).readInt32BE(0))
  expect(got).toEqual(sent)
})

test('a request that arrives byte by byte is understood', async () => {
  const client = await RawClient.connect(broker.address)
  const request = encodeRequest('ApiVersions', 0, { correlationId: 77, clientId: null }, {})
  for (const byte of request) {
    client.socket.write(Uint8Array.of(byte))
    await new Promise((resolve) => setImmediate(resolve))
  }
  expect((await client.nextFrame()).readInt32BE(0)).toBe(77)
})

test.each([
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n')],
  ['a negative length', int32(-1)],
  ['a length above the cap', int32(FRAME_BYTES_MAX + 1)],
  ['a length of 2 GiB', int32(0x7fff_ffff)],
  ['an empty frame', frame()],
  ['a frame that ends within its header', frame(0, 3, 0)],
  ['an API that does not exist', frame(0x7f, 0, 0, 0, 0, 0, 0, 1, 0xff, 0xff)],
  ['a version that is not offered', frame(0, 3, 0, 99, 0, 0, 0, 1, 0xff, 0xff)],
  ['an array that claims more than there is', frame(0, 3, 0, 4, 0, 0, 0, 1, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff, 1)],
  ['a request with bytes left over', frame(0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff, 9, 9, 9)],
])('%s costs the connection, and the broker lives on', async (_, bytes) => {
  const bad = await RawClient.connect(broker.address)
  bad.socket.write(bytes)
  await bad.closed
  const good = await RawClient.connect(broker.address)
  expect((await good.call('Metadata', 4, { topics: null })).topics).toHaveLength(1)
})

test('10,000 mutated requests cost connections, never the broker', async () => {
  const seed = 77
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random.next() * limit)
  const clock = new VirtualClock()
  const cluster = new Cluster({ clock, random, defaultPartitions: 1, autoCreateTopics: true })
  const server = new Server(cluster, advertisedVersions())
  const node = cluster.addNode('127.0.0.1', 1)
  cluster.createTopic('t')
  const originals = requestsOfEveryApi()
  const outcomes = { answered: 0, cut: 0 }
  for (let i = 0; i < 10_000; i++) {
    const mutant = Buffer.from(originals[i % originals.length]!)
    for (let flips = below(4); flips > 0; flips--) mutant[4 + below(mutant.length - 4)] = below(256)
    const socket: Socket = {
      peer: 'mutant',
      write: (_pieces, sent) => {
        outcomes.answered++
        sent?.()
      },
      resume: () => undefined,
      destroy: () => void outcomes.cut++,
    }
    const { events } = new Connection(socket, node, server)
    for (let at = 0; at < mutant.length; ) {
      const room = events.buffer()
      const count = mutant.copy(room, 0, at, at + room.length)
      at += count
      events.received(count)
    }
    if (i % 100 < 99) continue
    await clock.advance(0x7fff_ffff)
    // A mutant may make a topic of 99,999 partitions, and all that describe it would take their time.
    for (const topic of cluster.topics.values()) cluster.deleteTopic(topic)
    cluster.createTopic('t')
  }
  expect(cluster.errors, `seed ${seed}`).toEqual([])
  expect(outcomes.answered).toBeGreaterThan(3000)
  expect(outcomes.cut).toBeGreaterThan(1000)
  expect(outcomes.answered + outcomes.cut).toBeLessThanOrEqual(10_000)
})

function requestsOfEveryApi(): Uint8Array[] {
  const header = { correlationId: 1, clientId: 'mutant' }
  const t = { name: 't', topic: 't' }
  return [
    encodeRequest('ApiVersions', 3, header, { clientSoftwareName: 'm', clientSoftwareVersion: '1' }),
    encodeRequest('Metadata', 12, header, { topics: [t] }),
    encodeRequest('Fetch', 12, header, fetchOf(0, 0)),
    encodeRequest('Fetch', 7, header, { ...fetchOf(0, 10), sessionEpoch: 0 }),
    encodeRequest('ListOffsets', 7, header, { topics: [{ ...t, partitions: [{ timestamp: -1 }] }] }),
    encodeRequest('OffsetForLeaderEpoch', 4, header, { topics: [{ ...t, partitions: [{ leaderEpoch: 0 }] }] }),
    encodeRequest('Produce', 9, header, { acks: 1, topicData: [{ ...t, partitionData: [{ records: batchOf(2) }] }] }),
    encodeRequest('CreateTopics', 5, header, { topics: [{ name: 'made', numPartitions: 1, replicationFactor: 1 }] }),
    encodeRequest('CreatePartitions', 2, header, { topics: [{ ...t, count: 2, assignments: null }] }),
    encodeRequest('DeleteTopics', 6, header, { topics: [{ name: 'made' }] }),
    encodeRequest('DeleteRecords', 2, header, { topics: [{ ...t, partitions: [{ offset: 0 }] }] }),
    encodeRequest('OffsetCommit', 8, header, { groupId: 'g', topics: [{ ...t, partitions: [{}] }] }),
    encodeRequest('OffsetFetch', 8, header, { groups: [{ groupId: 'g', topics: [{ ...t, partitionIndexes: [0] }] }] }),
    encodeRequest('FindCoordinator', 4, header, { coordinatorKeys: ['g'] }),
    encodeRequest('InitProducerId', 4, header, { transactionalId: null }),
    encodeRequest('DescribeConfigs', 4, header, { resources: [{ resourceType: 2, resourceName: 't' }] }),
    encodeRequest('DescribeCluster', 1, header, {}),
  ]
}

test('a client that leaves while its fetch is parked takes the fetch along', async () => {
  const client = await RawClient.connect(broker.address)
  client.send('Fetch', 4, fetchOf(0, 60_000))
  await (await RawClient.connect(broker.address)).call('Metadata', 4, { topics: null })
  expect(broker.connectionCount).toBe(2)
  await client.close()
  await expect.poll(() => broker.connectionCount).toBe(1)
  await broker.seed('t', ['nobody waits'])
})

test('a large answer to a slow reader does not hold up others', async () => {
  await broker.generate('big', { records: 100_000, distinct: 1000 })
  const slow = await RawClient.connect(broker.address)
  slow.socket.pause()
  const fetch = { ...fetchOf(0, 0), maxBytes: 50_000_000 }
  fetch.topics[0] = { topic: 'big', partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 50_000_000 }] }
  slow.send('Fetch', 4, fetch)
  slow.send('Metadata', 4, { topics: null })
  const other = await RawClient.connect(broker.address)
  await other.call('Metadata', 4, { topics: null })
  slow.socket.resume()
  expect((await slow.nextFrame()).length).toBeGreaterThan(20_000_000)
  await slow.nextFrame()
})
