// The embedded broker serves clients that we did not write: kcat (librdkafka) and Kafka's own console tools.
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { javaDescribe } from '../support/kafka-describe.ts'
import { runJava } from '../support/kafka-jars.ts'
import { kcat, kcatUnavailable } from '../support/kcat.ts'

const withoutKcat = kcatUnavailable()
let broker: Broker

beforeAll(async () => {
  broker = await Broker.start({ brokers: 3 })
})

afterAll(async () => {
  await broker.close()
  expect(broker.errors).toEqual([])
})

describe.skipIf(withoutKcat !== undefined)(`kcat${withoutKcat === undefined ? '' : ` [${withoutKcat}]`}`, () => {
  test('lists brokers, topics and leaders', async () => {
    broker.createTopic('listed', { partitions: 3 })
    const { stdout, status } = await kcat(broker.address, ['-L', '-t', 'listed'])
    expect(status).toBe(0)
    expect(stdout).toContain('3 brokers:')
    expect(stdout).toContain('topic "listed" with 3 partitions:')
  })

  test.each(['none', 'gzip', 'snappy', 'lz4', 'zstd'])('writes %s and reads it back', async (codec) => {
    const topic = `kcat-${codec}`
    broker.createTopic(topic)
    const lines = Array.from({ length: 500 }, (_, i) => `key-${i}:value ${i} of ${codec}`)
    const written = await kcat(broker.address, ['-P', '-t', topic, '-K:', '-z', codec], {
      stdin: `${lines.join('\n')}\n`,
    })
    expect(written.stderr).toBe('')
    const stored = await broker.messages(topic)
    expect(stored.map(({ key, value }) => `${key}:${value}`)).toEqual(lines)
    const read = await kcat(broker.address, ['-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-K:'])
    expect(read.stdout.trimEnd().split('\n')).toEqual(lines)
  })

  test('reads seeded records with headers, nulls and empty values, from any offset', async () => {
    await broker.seed('seeded', [
      'plain',
      { key: 'k', value: null, headers: { a: '1', b: '2' } },
      { key: '', value: '' },
      { value: { json: true }, timestamp: 1_700_000_000_000 },
    ])
    const format = ['-f', '%o|%T|%K|%k|%S|%s|%h\\n']
    const { stdout } = await kcat(broker.address, ['-C', '-t', 'seeded', '-p', '0', '-o', '1', '-e', '-q', ...format])
    const lines = stdout.trimEnd().split('\n')
    expect(lines.map((line) => line.replace(/\|\d{13}\|/, '|T|'))).toEqual([
      '1|T|1|k|-1||a=1,b=2',
      '2|T|0||0||',
      '3|T|-1||13|{"json":true}|',
    ])
    expect(lines[2]).toContain('|1700000000000|')
  })

  test('asks for offsets by time', async () => {
    const start = 1_700_000_000_000
    await broker.seed(
      'timed',
      Array.from({ length: 100 }, (_, i) => ({ value: `${i}`, timestamp: start + i * 1000 })),
      {
        batchRecords: 7,
      },
    )
    const { stdout } = await kcat(broker.address, ['-Q', '-t', `timed:0:${start + 41_500}`])
    expect(stdout).toContain('timed [0] offset 42')
  })

  test('sees only what was committed', async () => {
    broker.createTopic('transactional')
    const producer = { producerId: 7n, producerEpoch: 0 }
    const { encodeBatch } = await import('../../src/record/encode.ts')
    const batch = (value: string) => {
      const records = [{ value: Buffer.from(value), timestamp: 1 }]
      return encodeBatch(records, { ...producer, baseSequence: 0, transactional: true }) as Uint8Array
    }
    broker.append('transactional', 0, batch('aborted'))
    broker.endTransaction('transactional', 0, 'abort', producer)
    broker.append('transactional', 0, batch('committed'))
    broker.endTransaction('transactional', 0, 'commit', producer)
    const read = (level: string) =>
      kcat(broker.address, [
        '-C',
        '-t',
        'transactional',
        '-o',
        'beginning',
        '-e',
        '-q',
        '-X',
        `isolation.level=${level}`,
      ])
    expect((await read('read_committed')).stdout).toBe('committed\n')
    expect((await read('read_uncommitted')).stdout).toBe('aborted\ncommitted\n')
  })
})

javaDescribe("Kafka's console tools", () => {
  const tool = async (name: string, args: string[], stdin = '') => {
    const result = await runJava(`org.apache.kafka.tools.${name}`, ['--bootstrap-server', broker.address, ...args], {
      stdin,
    })
    expect(result.status, result.stderr).toBe(0)
    return result.stdout.toString()
  }

  test('create, describe, grow, list and delete topics', async () => {
    const shape = ['--partitions', '3', '--replication-factor', '2', '--config', 'max.message.bytes=2000000']
    await tool('TopicCommand', ['--create', '--topic', 'tools', ...shape])
    const described = await tool('TopicCommand', ['--describe', '--topic', 'tools'])
    expect(described).toContain('PartitionCount: 3\tReplicationFactor: 2\tConfigs: max.message.bytes=2000000')
    expect(described).toMatch(/Partition: 2\tLeader: \d\tReplicas: \d,\d\tIsr: \d,\d/)
    await tool('TopicCommand', ['--alter', '--topic', 'tools', '--partitions', '5'])
    expect(await tool('GetOffsetShell', ['--topic', 'tools'])).toBe(
      [0, 1, 2, 3, 4].map((i) => `tools:${i}:0\n`).join(''),
    )
    await tool('TopicCommand', ['--delete', '--topic', 'tools'])
    expect((await tool('TopicCommand', ['--list'])).split('\n')).not.toContain('tools')
  })

  test('write records, idempotently and compressed, and read them back', async () => {
    broker.createTopic('console')
    const lines = Array.from({ length: 300 }, (_, i) => `key-${i}:value ${i}`)
    const separator = ['--reader-property', 'parse.key=true', '--reader-property', 'key.separator=:']
    await tool(
      'ConsoleProducer',
      ['--topic', 'console', '--compression-codec', 'zstd', ...separator],
      `${lines.join('\n')}\n`,
    )
    const stored = await broker.messages('console')
    expect(stored.map(({ key, value }) => `${key}:${value}`)).toEqual(lines)
    const printing = ['--formatter-property', 'print.key=true', '--formatter-property', 'key.separator=:']
    const range = ['--partition', '0', '--offset', 'earliest', '--max-messages', '300']
    const read = await tool('consumer.ConsoleConsumer', ['--topic', 'console', ...range, ...printing])
    expect(read.trimEnd().split('\n')).toEqual(lines)
  })
})
