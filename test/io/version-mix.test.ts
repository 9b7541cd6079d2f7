// Brokers that pose as other releases (F25): each call works in what both sides know, or says what is missing.
import { expect, test } from 'vitest'
import { Cluster } from '../../src/io/cluster.ts'
import { OffsetLookup } from '../../src/io/offsets.ts'
import { Requester } from '../../src/io/requester.ts'
import type { ApiName } from '../../src/protocol/apis.ts'
import { encodeResponse } from '../../src/protocol/frame.ts'
import { caught, IoWorld } from '../support/io-world.ts'
import { ScriptedCluster } from '../support/scripted-cluster.ts'

type Ranges = Partial<Record<ApiName, [number, number]>>

const releases: [name: string, ranges: Ranges][] = [
  [
    '1.1',
    {
      ApiVersions: [0, 1],
      Metadata: [0, 5],
      ListOffsets: [0, 2],
      FindCoordinator: [0, 1],
      OffsetForLeaderEpoch: [0, 0],
    },
  ],
  [
    '2.1',
    {
      ApiVersions: [0, 2],
      Metadata: [0, 7],
      ListOffsets: [0, 4],
      FindCoordinator: [0, 2],
      OffsetForLeaderEpoch: [0, 2],
    },
  ],
  [
    '2.8',
    {
      ApiVersions: [0, 3],
      Metadata: [0, 11],
      ListOffsets: [0, 6],
      FindCoordinator: [0, 3],
      OffsetForLeaderEpoch: [0, 4],
    },
  ],
  [
    '3.9',
    {
      ApiVersions: [0, 4],
      Metadata: [0, 12],
      ListOffsets: [0, 9],
      FindCoordinator: [0, 6],
      OffsetForLeaderEpoch: [0, 4],
    },
  ],
  [
    '4.0',
    {
      ApiVersions: [0, 4],
      Metadata: [0, 13],
      ListOffsets: [1, 10],
      FindCoordinator: [0, 6],
      OffsetForLeaderEpoch: [2, 4],
    },
  ],
  [
    'a later one',
    {
      ApiVersions: [0, 9],
      Metadata: [9, 29],
      ListOffsets: [6, 20],
      FindCoordinator: [3, 19],
      OffsetForLeaderEpoch: [3, 9],
    },
  ],
  [
    'Event Hubs: Produce high, Metadata low',
    { ApiVersions: [0, 3], Produce: [0, 9], Metadata: [0, 4], ListOffsets: [0, 3] },
  ],
]

test.each(releases)('%s', async (_, ranges) => {
  const world = new IoWorld()
  const { clock } = world
  const brokers = await ScriptedCluster.start(world, 2)
  world.brokers = brokers.brokers.map(({ address }) => address)
  const { id } = brokers.topic('events', [1, 2], 3)
  for (const broker of brokers.brokers) {
    for (const [api, range] of Object.entries(ranges)) broker.versions.set(api as ApiName, range)
    const last = ranges.ApiVersions![1]
    broker.on('ApiVersions', ({ request: { version, correlationId } }) => {
      if (version <= last) return broker.versionsAnswer()
      // Its own range is told since Kafka 2.4, which knows v3.
      const told = last >= 3 ? broker.versionsAnswer() : {}
      return encodeResponse('ApiVersions', 0, correlationId, { ...told, errorCode: 35 })
    })
    broker.on('FindCoordinator', ({ request: { version } }) =>
      version < 4
        ? { nodeId: 2, ...brokers.broker(2).address }
        : { coordinators: [{ key: 'g', nodeId: 2, ...brokers.broker(2).address }] },
    )
    broker.on('Heartbeat', () => ({}))
    broker.on('ListOffsets', ({ request }) => ({
      topics: request.body.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, offset: 100 + partitionIndex })),
      })),
    }))
    broker.on('OffsetForLeaderEpoch', () => ({
      topics: [{ topic: 'events', partitions: [{ partition: 0, leaderEpoch: 3, endOffset: 50 }] }],
    }))
  }
  const cluster = new Cluster(world.host)
  const topic = await clock.until(cluster.topic('events'))
  const metadataVersion = Math.min(13, ranges.Metadata![1])
  expect(topic.id).toBe(metadataVersion >= 10 ? id : undefined)
  expect(cluster.leaderOf('events', 1)).toEqual({ brokerId: 2, leaderEpoch: metadataVersion >= 7 ? 3 : -1 })
  expect(new Set(brokers.brokers.flatMap((broker) => broker.asked('Metadata').map(({ version }) => version)))).toEqual(
    new Set([metadataVersion]),
  )
  expect(await clock.until(caught(cluster.topic('missing')))).toMatchObject({ name: 'TopicNotFound' })
  const lookup = new OffsetLookup(cluster)
  const queries = [0, 1].map((partition) => ({ topic: 'events', partition, timestamp: -1 }))
  const answers = await clock.until(lookup.listOffsets(queries, { isolationLevel: 'read_committed' }))
  expect(answers.map(({ offset }) => offset)).toEqual([100, 101])
  const requester = new Requester(cluster)
  const heartbeat = requester.request({ coordinator: 'group', key: 'g' }, 'Heartbeat', { groupId: 'g', memberId: 'm' })
  expect((await clock.until(heartbeat)).body.errorCode).toBe(0)
  const epochs = lookup.endOffsetForEpoch({ topic: 'events', partition: 0, leaderEpoch: 3 })
  if (ranges.OffsetForLeaderEpoch?.[1] === 0) {
    expect(await clock.until(caught(epochs))).toMatchObject({ name: 'UnsupportedVersion' })
  } else {
    expect(await clock.until(epochs)).toEqual({ leaderEpoch: 3, endOffset: 50 })
  }
})

test('a broker that would create the topic by being asked about it (before 0.11) is not asked', async () => {
  const world = new IoWorld()
  const brokers = await ScriptedCluster.start(world, 1)
  world.brokers = [brokers.broker(1).address]
  brokers.broker(1).versions.set('Metadata', [0, 3])
  const error = await world.failure(new Cluster(world.host).topic('events'))
  expect(error).toMatchObject({ name: 'UnsupportedVersion', broker: 'broker-1:9092' })
  expect(brokers.metadataCount).toBe(0)
})
