// The lag of a group at rest, as the consumer says it without a request, and as Kafka's own tool describes the group:
// with markers, aborted and open transactions, and holes where a log was compacted. [test process]
import { beforeAll, expect, test, vi } from 'vitest'
import { type Consumer, type ConsumerOptions, Kafka, type KafkaOptions, type TopicPartition } from '../../src/index.ts'
import { kafkaDescribe } from '../support/kafka-describe.ts'
import { runJava } from '../support/kafka-jars.ts'

const PATIENCE = { timeout: 20_000, interval: 50 }

/** What each partition of the plain topic holds, and how many of its records are read. */
const PLAIN = [
  { what: 'nothing', read: 0 },
  { what: 'records of which some are read', read: 10 },
  { what: 'records of which all are read', read: 30 },
  { what: 'a committed transaction, read up to its marker', read: 30 },
  { what: 'an aborted transaction behind what is read', read: 30 },
  { what: 'an open transaction behind what is read', read: 30 },
  { what: 'a committed transaction of which some is read', read: 12 },
  { what: 'a log that begins late, of which some is read', read: 4 },
] as const
const COUNT = 30
/** Records that remain of the compacted topic, and how many of them are read. */
const KEPT = 51
const READ = 15

kafkaDescribe('the lag of a group', (kafka) => {
  let plain: string
  let compacted: string

  beforeAll(async () => {
    plain = await kafka.topic('lag', { partitions: PLAIN.length })
    compacted = await kafka.topic('lag-compacted', {
      configs: { 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0.001', 'segment.ms': 200 },
    })
    const records = (partition: number) => Array.from({ length: COUNT }, (_, i) => ({ partition, value: `value ${i}` }))
    for (const partition of [1, 2, 4, 5, 7]) await kafka.java.produce(plain, records(partition))
    const committed = await kafka.java.transaction()
    for (const partition of [3, 6]) await committed.produce(plain, records(partition))
    await committed.commit()
    const aborted = await kafka.java.transaction()
    await aborted.produce(plain, records(4))
    await aborted.abort()
    // Left open: whoever reads what is committed waits before it, and is behind by what lies in it.
    const open = await kafka.java.transaction({ 'transaction.timeout.ms': 600_000 })
    await open.produce(plain, records(5))
    await kafka.java.deleteRecords(plain, 7, 10)
    for (let round = 0; round < 3; round++) {
      const keys = (i: number) => (i % 3 === 0 ? `once ${round} ${i}` : `key ${i}`)
      await kafka.java.produce(
        compacted,
        records(0).map((record, i) => ({ ...record, key: keys(i) })),
      )
      await new Promise((resolve) => setTimeout(resolve, 300)) // longer than segment.ms: the next append rolls
    }
    await kafka.java.produce(compacted, [{ partition: 0, key: 'last', value: 'segment' }])
    const left = async () => expect((await kafka.java.consume(compacted)).length).toBe(KEPT)
    await vi.waitFor(left, { timeout: 60_000, interval: 300 })
  }, 120_000)

  /** What `kafka-consumer-groups --describe` prints, by `topic/partition`: the end of the log, the lag. */
  const described = async (group: string) => {
    const main = 'org.apache.kafka.tools.consumer.group.ConsumerGroupCommand'
    const { stdout, stderr, status } = await runJava(main, [
      ...['--bootstrap-server', kafka.bootstrap, '--describe', '--group', group],
    ])
    expect(status, stderr).toBe(0)
    const rows = stdout
      .toString()
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
    const head = rows.find((cells) => cells.includes('LAG'))!
    const cell = (cells: string[], name: string) => cells[head.indexOf(name)]!
    const ours = rows.filter((cells) => cells[0] === group)
    return Object.fromEntries(
      ours.map((cells) => {
        const numbers = ['LOG-END-OFFSET', 'LAG'].map((name) => Number(cell(cells, name)))
        return [`${cell(cells, 'TOPIC')}/${cell(cells, 'PARTITION')}`, numbers]
      }),
    )
  }

  /** Of what is paused, reads so many records of one partition and has them processed. */
  const read = async (consumer: Consumer, name: TopicPartition, count: number) => {
    await consumer.resume([name])
    for (let left = count; left > 0; ) {
      const records = await consumer.poll({ max: left, timeoutMs: 5_000 })
      expect(records.length).toBeGreaterThan(0)
      for (const record of records) record.ack()
      left -= records.length
    }
    await consumer.pause([name])
  }

  test.each<[string, ConsumerOptions, KafkaOptions]>([
    ['classic', { groupProtocol: 'classic' }, {}],
    ['KIP-848', { groupProtocol: 'consumer' }, { threads: 'inline' }],
  ])(
    '%s: is what kafka-consumer-groups --describe prints, at rest',
    async (protocol, options, how) => {
      await using client = new Kafka({ ...how, brokers: kafka.brokers })
      const groupId = `${protocol}-${plain}`
      const consumer = client.consumer({
        ...{ groupId, topics: [plain, compacted], autoOffsetReset: 'earliest', enableAutoCommit: false },
        ...options,
      })
      expect(await consumer.poll({ max: 1 })).toHaveLength(1)
      const all = consumer.assignment()
      expect(all).toHaveLength(PLAIN.length + 1)
      const known = () => expect(consumer.lag().filter(({ lag }) => lag === undefined)).toEqual([])
      await vi.waitFor(known, PATIENCE)
      await consumer.pause(all)
      await consumer.seekToBeginning()
      for (const [partition, { read: count }] of PLAIN.entries()) {
        await read(consumer, { topic: plain, partition }, count)
      }
      await read(consumer, { topic: compacted, partition: 0 }, READ)
      // Where all is read there is something left to pass: markers, and what was aborted.
      const ended = all.filter(({ topic, partition }) => topic === plain && PLAIN[partition]!.read === COUNT)
      await consumer.resume(ended)
      expect(await consumer.poll({ timeoutMs: 1_000 })).toEqual([])
      await consumer.commit()

      const ours = consumer.lag().map(({ topic, partition, lag }) => {
        return [`${topic}/${partition}`, [consumer.cachedEndOffset({ topic, partition }), lag]] as const
      })
      ours.sort(([one], [other]) => (one < other ? -1 : 1))
      expect(Object.fromEntries(ours)).toEqual(await described(groupId))
      const lags = ours.map(([, [, lag]]) => lag!)
      expect(lags.slice(0, PLAIN.length)).toEqual([0, 20, 0, 0, 0, COUNT, 19, 16])
      // Holes count as well.
      expect(lags.at(-1)).toBeGreaterThan(KEPT - READ)
      expect(consumer.stats()).toMatchObject({ lag: lags.reduce((a, b) => a + b), lagMax: Math.max(...lags) })
    },
    60_000,
  )
})
