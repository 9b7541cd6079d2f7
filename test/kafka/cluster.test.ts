// The cluster view, offsets and coordinators against a real Kafka. [test process]
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../src/base/clock.ts'
import { systemRandom } from '../../src/base/random.ts'
import { tcp } from '../../src/base/tcp.ts'
import { Cluster } from '../../src/io/cluster.ts'
import { ioDefaults } from '../../src/io/io-options.ts'
import { OffsetLookup } from '../../src/io/offsets.ts'
import { Requester } from '../../src/io/requester.ts'
import { ownRange } from '../../src/io/version-range.ts'
import { EARLIEST, LATEST, MAX_TIMESTAMP } from '../../src/protocol/offset-timestamps.ts'
import { caught } from '../support/io-world.ts'
import { kafkaDescribe } from '../support/kafka-describe.ts'
import type { TestKafka } from '../support/test-kafka.ts'

const COMMITTED = { isolationLevel: 'read_committed' } as const

/** A cluster view of the Kafka, closed when the test is over. */
async function withCluster(kafka: TestKafka, run: (cluster: Cluster) => Promise<void>): Promise<void> {
  const brokers = kafka.brokers.map((broker) => {
    const at = broker.lastIndexOf(':')
    return { host: broker.slice(0, at), port: Number(broker.slice(at + 1)) }
  })
  const options = { ...ioDefaults, brokers, connectTimeoutMs: 5_000 }
  const cluster = new Cluster({ transport: tcp, clock: systemClock, random: systemRandom, options })
  try {
    await run(cluster)
  } finally {
    cluster.close()
  }
}

kafkaDescribe('a real Kafka', (kafka) => {
  test('a topic has the partitions, leaders and id that Java gave it', async () => {
    const topic = await kafka.topic('cluster', { partitions: 5 })
    await withCluster(kafka, async (cluster) => {
      const found = await cluster.topic(topic)
      expect(found.partitions.map(({ partition }) => partition)).toEqual([0, 1, 2, 3, 4])
      expect(found.id).toMatch(/^[\w-]{22}$/)
      for (let partition = 0; partition < 5; partition++) expect(cluster.leaderOf(topic, partition)).toBeDefined()
      expect(cluster.metadata.nameOf(found.id!)).toBe(topic)
    })
  })

  test('a topic that does not exist is TopicNotFound, and is not created by asking', async () => {
    await withCluster(kafka, async (cluster) => {
      for (let i = 0; i < 2; i++) {
        expect(await caught(cluster.topic('no-such-topic-here'))).toMatchObject({ name: 'TopicNotFound' })
      }
      expect(await caught(cluster.topic('not a name!'))).toMatchObject({ kafkaCode: 17 })
    })
  })

  test('offsets by start, end and time are those of the records', async () => {
    const topic = await kafka.topic('offsets', { partitions: 2, configs: { 'message.timestamp.type': 'CreateTime' } })
    const startMs = Date.now() - 60_000
    const records = Array.from({ length: 10 }, (_, i) => ({
      partition: 0,
      value: `${i}`,
      timestamp: startMs + i * 10,
    }))
    await kafka.java.produce(topic, records)
    await withCluster(kafka, async (cluster) => {
      const lookup = new OffsetLookup(cluster)
      const at = (partition: number, timestamp: number) => ({ topic, partition, timestamp })
      const queries = [
        at(0, EARLIEST),
        at(0, LATEST),
        at(0, startMs + 35),
        at(0, startMs + 1_000),
        at(0, MAX_TIMESTAMP),
        at(1, LATEST),
      ]
      const answers = await lookup.listOffsets(queries, COMMITTED)
      expect(answers.map(({ error }) => error)).toEqual(answers.map(() => undefined))
      expect(answers.map(({ offset }) => offset)).toEqual([0, 10, 4, undefined, 9, 0])
      expect(answers[2]?.timestamp).toBe(startMs + 40)
      const { leaderEpoch } = cluster.leaderOf(topic, 0)!
      expect(await lookup.endOffsetForEpoch({ topic, partition: 0, leaderEpoch })).toMatchObject({ endOffset: 10 })
      const [wrong] = await lookup.listOffsets([at(9, LATEST)], COMMITTED)
      expect(wrong?.error).toMatchObject({ name: 'PartitionNotFound', topic, partition: 9 })
    })
  })

  test('a group coordinator is found, and answers', async () => {
    await withCluster(kafka, async (cluster) => {
      const requester = new Requester(cluster)
      const target = { coordinator: 'group', key: 'nobody-is-in-this-group' } as const
      const body = { groupId: target.key, memberId: 'm', generationId: 0 }
      const answer = await requester.request(target, 'Heartbeat', body)
      // UNKNOWN_MEMBER_ID, or nothing while the group is being loaded; any other broker would say NOT_COORDINATOR.
      expect([0, 25]).toContain(answer.body.errorCode)
    })
  })

  describe('every version', () => {
    test.each(['Metadata', 'ListOffsets', 'FindCoordinator', 'DescribeCluster'] as const)(
      'of %s that both know is answered',
      async (api) => {
        const topic = await kafka.topic('versions')
        await withCluster(kafka, async (cluster) => {
          await cluster.topic(topic)
          const leader = cluster.leaderOf(topic, 0)!
          const connection = await cluster.channel(leader.brokerId, 'admin')!.connection()
          const [first, last] = ownRange(api)
          let answered = 0
          for (let version = first; version <= last; version++) {
            const range = connection.versions!.apiKeys.find(
              ({ apiKey }) => apiKey === { Metadata: 3, ListOffsets: 2, FindCoordinator: 10, DescribeCluster: 60 }[api],
            )!
            if (version < range.minVersion || version > range.maxVersion) continue
            const topics = [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: LATEST }] }]
            const answer =
              api === 'Metadata'
                ? await connection.request(api, { topics: [{ name: topic }] }, { version })
                : api === 'ListOffsets'
                  ? await connection.request(api, { replicaId: -1, topics }, { version })
                  : api === 'FindCoordinator'
                    ? await connection.request(api, version < 4 ? { key: 'g' } : { coordinatorKeys: ['g'] }, {
                        version,
                      })
                    : await connection.request(api, {}, { version })
            expect(answer.version).toBe(version)
            answered++
          }
          expect(answered).toBeGreaterThanOrEqual(2)
        })
      },
    )
  })
})
