// The harness itself: what it says about a real Kafka is what Java wrote there. [test process]
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dumpLog } from './console-tools.ts'
import { kafkaDescribe, ownKafkaDescribe } from './kafka-describe.ts'
import { KafkaTool } from './kafka-tool.ts'

kafkaDescribe('the shared Kafka', (kafka) => {
  test('null, empty, duplicate and large parts of records come back as they were sent', async () => {
    const topic = await kafka.topic('parts', { partitions: 2 })
    const sent = await kafka.java.produce(topic, [
      { partition: 0, key: null, value: null, timestamp: 5 },
      {
        partition: 0,
        key: '',
        value: '',
        headers: [
          ['h', '1'],
          ['h', null],
          ['', ''],
        ],
      },
      { partition: 1, key: 'k', value: 5_000_000 },
    ])
    expect(sent.map(({ partition, offset }) => [partition, offset])).toEqual([
      [0, 0],
      [0, 1],
      [1, 0],
    ])
    const read = await kafka.java.consume(topic)
    read.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
    expect(read[0]).toEqual({ partition: 0, offset: 0, timestamp: 5, key: null, value: null, headers: [] })
    expect(read[1]).toMatchObject({ key: Buffer.alloc(0), value: Buffer.alloc(0) })
    expect(read[1]!.headers).toEqual([
      ['h', Buffer.from('1')],
      ['h', null],
      ['', Buffer.alloc(0)],
    ])
    expect(read[2]!.value!.length).toBe(5_000_000)
  })

  test('aborted and open transactions are hidden from read_committed only', async () => {
    const topic = await kafka.topic('transactions')
    for (const [value, end] of [
      ['a', 'commit'],
      ['b', 'abort'],
      ['c', 'commit'],
    ] as const) {
      const transaction = await kafka.java.transaction()
      await transaction.produce(topic, [{ value }])
      await transaction[end]()
    }
    const open = await kafka.java.transaction()
    await open.produce(topic, [{ value: 'd' }])
    const values = async (isolation: string) =>
      (await kafka.java.consume(topic, { 'isolation.level': isolation })).map((record) => String(record.value))
    expect(await values('read_committed')).toEqual(['a', 'c'])
    expect(await values('read_uncommitted')).toEqual(['a', 'b', 'c', 'd'])
    await open.commit()
    expect(await values('read_committed')).toEqual(['a', 'c', 'd'])
  })

  test('the console tools write and read', async () => {
    const topic = await kafka.topic('console', { partitions: 1 })
    await kafka.consoleProduce(topic, ['k\tone', 'k\ttwo'])
    await kafka.producerPerf({ topic, records: 1000, recordSize: 10, codec: 'lz4' })
    const lines = await kafka.consoleConsumer({ topic, records: 1002 })
    expect(lines.slice(0, 2)).toEqual(['0 0 one', '0 1 two'])
    expect(lines[1001]).toMatch(/^0 1001 [A-Z]{10}$/)
    const everything = await kafka.consoleConsumer({ topic, records: 1, everything: true })
    expect(everything[0]).toMatch(/^CreateTime:\d+ 0 0 NO_HEADERS k one$/)
    const log = join(kafka.home, 'node-1', 'data', `${topic}-0`)
    const files = readdirSync(log).filter((file) => file.endsWith('.log'))
    expect(await dumpLog(files.map((file) => join(log, file)))).toContain('compresscodec: lz4')
    await kafka.java.deleteRecords(topic, 0, 1000)
    expect(await kafka.java.offsets(topic)).toEqual([{ partition: 0, beginning: 1000, end: 1002 }])
    await kafka.java.deleteTopic(topic)
    await expect(kafka.java.createPartitions(topic, 2)).rejects.toThrow('UnknownTopicOrPartition')
  })
})

ownKafkaDescribe('a Kafka of three brokers', { brokers: 3, proxied: true }, (kafka, cluster) => {
  test('goes on without the broker that coordinates a transaction, and takes it back', async () => {
    const topic = await kafka.topic('replicated', { partitions: 3, replicationFactor: 3 })
    const transaction = await kafka.java.transaction()
    await transaction.produce(topic, [{ value: 'begun' }])
    const index = (await kafka.java.coordinator(transaction)) - 1
    await cluster().kill(index)
    expect(cluster().pid(index)).toBeUndefined()
    const records = Array.from({ length: 30 }, (_, i) => ({ partition: i % 3, value: `v${i}` }))
    await transaction.produce(topic, records)
    await transaction.commit()
    await cluster().restart(index)
    expect(cluster().pid(index)).toBeGreaterThan(0)
    expect(await kafka.java.consume(topic)).toHaveLength(31)
    await expect.poll(() => kafka.java.partition(topic, 0), { timeout: 60_000 }).toMatchObject({ inSync: 3 })
  }, 180_000)

  test('leaders move where they are told to, round after round', async () => {
    const topic = await kafka.topic('led', { partitions: 2, replicationFactor: 3 })
    for (const to of [1, 2, 3, 1, 3]) {
      await kafka.java.moveLeader(topic, 1, to)
      expect(await kafka.java.partition(topic, 1)).toEqual({ leader: to, inSync: 3, replicas: 3 })
      await kafka.java.produce(topic, [{ partition: 1, value: `${to}` }], { acks: 'all' })
    }
    expect((await kafka.java.consume(topic)).map(({ value }) => String(value))).toEqual(['1', '2', '3', '1', '3'])
  }, 180_000)

  test('a stopped leader says nothing, and another one takes over', async () => {
    const topic = await kafka.topic('stopped', { partitions: 1, replicationFactor: 3 })
    await kafka.java.moveLeader(topic, 0, 3)
    cluster().pause(2)
    try {
      await kafka.java.produce(topic, [{ partition: 0, value: 'x' }], { acks: 'all', 'request.timeout.ms': 2000 })
    } finally {
      cluster().resume(2)
    }
    // The one that was stopped takes itself for the leader until it hears of the others.
    const others = () => kafka.java.partition(topic, 0).then(({ leader, inSync }) => leader !== 3 && inSync === 3)
    await expect.poll(others, { timeout: 60_000 }).toBe(true)
  }, 180_000)

  test('clients may come through proxies, which cut them off', async () => {
    const topic = await kafka.topic('proxied', { partitions: 3, replicationFactor: 3 })
    const through = new KafkaTool(cluster().proxied)
    for (const proxy of cluster().proxies) Object.assign(proxy.faults, { sliceBytes: 100, jitterMs: 1 })
    const config = { acks: 'all', 'linger.ms': 0, 'batch.size': 200 }
    for (let round = 0; round < 5; round++) {
      const records = Array.from({ length: 30 }, (_, i) => ({ partition: i % 3, value: `${round}/${i}` }))
      const written = through.produce(topic, records, config)
      cluster().proxies[round % 3]!.cut()
      await written
    }
    expect(cluster().proxies.every(({ connectionCount }) => connectionCount > 0)).toBe(true)
    for (const proxy of cluster().proxies) proxy.calm()
    expect(new Set((await through.consume(topic)).map(({ value }) => String(value))).size).toBe(150)
    expect(await kafka.java.consume(topic)).toHaveLength(150)
    await through.close()
  }, 180_000)
})
