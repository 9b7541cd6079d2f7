// The harness itself: what it says about a real Kafka is what Java wrote there. [test process]
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { dumpLog } from './console-tools.ts'
import { kafkaDescribe, ownKafkaDescribe } from './kafka-describe.ts'

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

ownKafkaDescribe('a Kafka of three brokers', { brokers: 3 }, (kafka, cluster) => {
  test('goes on without one broker, and takes it back', async () => {
    const topic = await kafka.topic('replicated', { partitions: 3, replicationFactor: 3 })
    await cluster().kill(1)
    expect(cluster().pid(1)).toBeUndefined()
    const records = Array.from({ length: 30 }, (_, i) => ({ partition: i % 3, value: `v${i}` }))
    await kafka.java.produce(topic, records, { acks: 'all' })
    await cluster().restart(1)
    expect(cluster().pid(1)).toBeGreaterThan(0)
    expect(await kafka.java.consume(topic)).toHaveLength(30)
  })
})
