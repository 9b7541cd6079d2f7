// What we write, Java reads: its consumer, its console consumer and its log tool see the same records, and valid
// batches; and keys lie where Java's producer puts them. [test, needs Kafka]
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Kafka, type ProducerRecord, type RecordMetadata } from '../../src/index.ts'
import { codecNames } from '../../src/record/compression/codec.ts'
import { consoleConsumer, dumpLog } from '../support/console-tools.ts'
import { kafkaDescribe } from '../support/kafka-describe.ts'

/** Text that compresses a little, as values do. */
const text = (size: number) => Buffer.alloc(size, '{"event":"click","page":"/products/17","é":1}')
/** 1,048,576 less the headers of batch and record. */
const LARGEST = 1_048_576 - 61 - 12

/** Every shape of a key, a value and headers, and sizes from nothing to the limit. */
function shapes(topic: string, partition: number): ProducerRecord[] {
  const keys = [null, '', 'key', Buffer.from([0, 255, 128]), 'schlüssel', 'k'.repeat(5_000)]
  const values = [null, '', 'value', Buffer.from([255, 254, 0]), '日本語🙂', { a: [1, 'ü'] }]
  const headers = [
    undefined,
    [] as [string, string][],
    [
      ['a', '1'],
      ['a', '2'],
      ['', ''],
      ['null', null],
      ['ü', Buffer.from([0, 200])],
    ] as [string, string | null][],
    { one: 'x', many: ['y', null] },
  ]
  const mixed = keys.flatMap((key) =>
    values.flatMap((value) => headers.map((given) => ({ key, value, headers: given }))),
  )
  const sizes = [1, 63, 64, 127, 128, 8_191, 8_192, 16_300, 16_384, 100_000, 262_144, LARGEST]
  const sized = sizes.map((size) => ({ value: text(size) }))
  const times = [0, 1, 1_700_000_000_000, 5, 1_790_000_000_000]
  const timed = times.map((timestamp) => ({ value: 'at a time', timestamp }))
  return [...mixed, ...sized, ...timed].map((record) => ({ topic, partition, ...record }) as ProducerRecord)
}

kafkaDescribe('what a producer writes', (real) => {
  describe.each(codecNames)('with %s', (compression) => {
    it('Java reads, record by record, and its log tool finds every batch valid', async () => {
      const topic = await real.topic(`written-${compression}`)
      const records = shapes(topic, 0)
      await using kafka = new Kafka({ brokers: real.brokers })
      const producer = kafka.producer({ compression, lingerMs: 20 })
      const places = await producer.sendBatch(records)
      expect(places.map(({ offset }) => offset)).toEqual(records.map((_, i) => i))
      const read = await real.java.consume(topic)
      expect(read).toHaveLength(records.length)
      for (const [i, record] of records.entries()) expectSame(read[i]!, record, places[i]!)
      const folder = join(real.home, 'node-1', 'data', `${topic}-0`)
      const logs = readdirSync(folder).filter((name) => name.endsWith('.log'))
      const dump = await dumpLog(logs.map((name) => join(folder, name)))
      const batches = dump.split('\n').filter((line) => line.startsWith('baseOffset:'))
      expect(batches.filter((line) => !line.includes('isvalid: true'))).toEqual([])
      expect(batches.some((line) => line.includes(`compresscodec: ${compression}`))).toBe(true)
      expect(dump.split('\n').filter((line) => line.startsWith('| offset:'))).toHaveLength(records.length)
    })
  })

  it("Kafka's console consumer prints the values, in order", async () => {
    const topic = await real.topic('printed')
    await using kafka = new Kafka({ brokers: real.brokers })
    const values = Array.from({ length: 500 }, (_, i) => `line ${i} é`)
    await kafka.producer({ compression: 'lz4' }).sendBatch(topic, values)
    const lines = await consoleConsumer(real.brokers, { topic, records: 500 })
    expect(lines).toEqual(values.map((value, i) => `0 ${i} ${value}`))
  })

  it("10,000 keys lie where Java's producer puts them", async () => {
    const [ours, theirs] = [
      await real.topic('keyed', { partitions: 12 }),
      await real.topic('keyed', { partitions: 12 }),
    ]
    const keys = Array.from({ length: 10_000 }, (_, i) =>
      i % 3 === 0 ? `key-${i}` : i % 3 === 1 ? `ключ ${i}` : `${i * i}`,
    )
    await using kafka = new Kafka({ brokers: real.brokers })
    const sent = await kafka.producer().sendBatch(keys.map((key) => ({ topic: ours, key, value: null })))
    const java = await real.java.produce(
      theirs,
      keys.map((key) => ({ key, value: null })),
    )
    expect(sent.map(({ partition }) => partition)).toEqual(java.map(({ partition }) => partition))
  })
})

interface Read {
  offset: number
  timestamp: number
  key: Buffer | null
  value: Buffer | null
  headers: [string, Buffer | null][]
}

function expectSame(read: Read, { key, value, headers }: ProducerRecord, place: RecordMetadata): void {
  expect([read.offset, read.timestamp]).toEqual([place.offset, place.timestamp])
  expectBytes(read.key, bytesOf(key))
  expectBytes(read.value, bytesOf(value))
  const pairs = Object.entries(headers ?? {}).flatMap(([name, given]) =>
    Array.isArray(headers) ? [given as [string, string]] : [given].flat().map((one) => [name, one as string] as const),
  )
  expect(read.headers).toEqual(pairs.map(([name, given]) => [name, bytesOf(given)]))
}

function bytesOf(given: unknown): Buffer | null {
  if (given === null || given === undefined) return null
  if (given instanceof Uint8Array) return Buffer.from(given)
  return Buffer.from(typeof given === 'string' ? given : JSON.stringify(given))
}

function expectBytes(read: Buffer | null, sent: Buffer | null): void {
  if (read === null || sent === null) expect(read).toBe(sent)
  else expect(Buffer.compare(read, sent)).toBe(0)
}
