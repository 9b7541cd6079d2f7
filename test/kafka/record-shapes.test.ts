// Records of every shape that Java can send come out of `millrace consume` as Java reads them. [test process]
import { expect, test } from 'vitest'
import { kafkaDescribe } from '../support/kafka-describe.ts'
import type { JavaRecord } from '../support/kafka-tool.ts'
import { millrace } from '../support/millrace-cli.ts'
import type { TestKafka } from '../support/test-kafka.ts'

const shapes: JavaRecord[] = [
  { key: null, value: null },
  { key: '', value: '' },
  { key: null, value: '' },
  { key: '', value: null },
  { key: 'key', value: null, headers: [] },
  { key: 'key', value: 'value', timestamp: 0 },
  { key: 'ключ', value: '値 ✓ 🚃', timestamp: 1_700_000_000_123 },
  { key: new Uint8Array([0xff, 0, 0x80]), value: new Uint8Array(Array.from({ length: 256 }, (_, i) => i)) },
  {
    key: 'k',
    value: 'v',
    headers: [
      ['h', '1'],
      ['h', '2'],
      ['h', '1'],
      ['other', null],
      ['', ''],
      ['H', 'x'],
    ],
  },
  { value: 'a header without text', headers: [['bytes', new Uint8Array([0xfe, 0xff])]] },
  { value: 'x'.repeat(100_000), headers: Array.from({ length: 300 }, (_, i) => [`name-${i % 50}`, `${i}`]) },
]

kafkaDescribe('records of every shape', (kafka) => {
  for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
    test(`null, empty and binary parts, duplicate headers, any timestamp: ${codec}`, async () => {
      const topic = await kafka.topic('shapes', { partitions: 2, configs: { 'message.timestamp.type': 'CreateTime' } })
      const records = [0, 1].flatMap((partition) => shapes.map((shape) => ({ ...shape, partition })))
      await kafka.java.produce(topic, records, { 'compression.type': codec, 'linger.ms': 50 })
      await expectSameAsJava(kafka, topic, shapes.length * 2)
    })
  }

  test('LogAppendTime: the time of the append, not the one that the producer wrote', async () => {
    const topic = await kafka.topic('append-time', { configs: { 'message.timestamp.type': 'LogAppendTime' } })
    const sent = Date.now()
    for (let i = 0; i < 3; i++) {
      const records = Array.from({ length: 10 }, (_, n) => ({ value: `${i} ${n}`, timestamp: 1000 + n }))
      await kafka.java.produce(topic, records, { 'compression.type': i === 1 ? 'lz4' : 'none' })
    }
    const lines = await expectSameAsJava(kafka, topic, 30)
    for (const { timestamp } of lines) expect(timestamp).toBeGreaterThan(sent - 60_000)
    const theirs = await kafka.consoleConsumer({ topic, records: 30, everything: true })
    expect(lines.map(({ timestamp, offset }) => `LogAppendTime:${timestamp} 0 ${offset}`).sort()).toEqual(
      theirs.map((line) => line.split(' ').slice(0, 3).join(' ')).sort(),
    )
  })

  test('values of 5 MB, between small ones', async () => {
    const topic = await kafka.topic('large', { configs: { 'max.message.bytes': 20_000_000 } })
    const records = ['small', 5_000_000, 'small', 5_000_001, 4_999_999, ''].map((value) => ({ value }))
    for (const codec of ['none', 'gzip', 'snappy', 'lz4', 'zstd']) {
      await kafka.java.produce(topic, records, { 'compression.type': codec, 'buffer.memory': 100_000_000 })
    }
    await expectSameAsJava(kafka, topic, records.length * 5)
    await expectSameAsJava(kafka, topic, records.length * 5, { threads: 'inline' })
  })
})

interface Line {
  partition: number
  offset: number
  timestamp: number
  key?: string | null
  keyBase64?: string
  value?: string | null
  valueBase64?: string
  headers?: [string, string | { base64: string } | null][]
}

/** Reads the topic with Java's consumer and with `millrace consume --json`, expects the same, returns our lines. */
async function expectSameAsJava(
  kafka: TestKafka,
  topic: string,
  count: number,
  options: Record<string, string> = {},
): Promise<Line[]> {
  const theirs = await kafka.java.consume(topic)
  expect(theirs).toHaveLength(count)
  const flags = Object.entries(options).flatMap(([name, value]) => ['-X', `${name}=${value}`])
  const result = await millrace(['consume', topic, '--brokers', kafka.bootstrap, '--until', 'end', '--json', ...flags])
  expect(result.stderr).toBe('')
  expect(result.status).toBe(0)
  const lines = result.stdout
    .toString()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line)
  const ours = lines.map((line) => ({
    partition: line.partition,
    offset: line.offset,
    timestamp: line.timestamp,
    key: bytes(line.key, line.keyBase64),
    value: bytes(line.value, line.valueBase64),
    headers: (line.headers ?? []).map(([name, value]) => [
      name,
      typeof value === 'object' && value !== null ? value.base64 : bytes(value, undefined),
    ]),
  }))
  const plain = theirs.map(({ key, value, headers, ...rest }) => ({
    ...rest,
    key: key?.toString('base64') ?? null,
    value: value?.toString('base64') ?? null,
    headers: headers.map(([name, header]) => [name, header?.toString('base64') ?? null]),
  }))
  const inOrder = <R extends { partition: number; offset: number }>(records: R[]) =>
    records.sort((a, b) => a.partition - b.partition || a.offset - b.offset)
  // Large values make an unreadable difference: names first, then the whole.
  expect(inOrder(ours).map(summary)).toEqual(inOrder(plain).map(summary))
  expect(ours.every((record, i) => JSON.stringify(record) === JSON.stringify(plain[i]))).toBe(true)
  return lines
}

/** One form for both: base64, null for null. */
function bytes(text: string | null | undefined, base64: string | undefined): string | null {
  if (base64 !== undefined) return base64
  return typeof text === 'string' ? Buffer.from(text).toString('base64') : null
}

function summary(record: { partition: number; offset: number; timestamp: number; [part: string]: unknown }) {
  const { partition, offset, timestamp, key, value, headers } = record
  const cut = (part: unknown) => JSON.stringify(part)?.slice(0, 300)
  return { partition, offset, timestamp, key: cut(key), value: cut(value), headers: cut(headers) }
}
