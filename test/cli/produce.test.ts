// `millrace produce` and `bench produce` as somebody at a terminal meets them. [test process]
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { millrace } from './millrace.ts'

let broker: Broker
let at: string[]
let topics = 0

beforeAll(async () => {
  broker = await Broker.start()
  at = ['--brokers', broker.address]
})
afterAll(() => broker.close())

function newTopic(partitions = 1, configs: Record<string, string> = {}): string {
  const topic = `lines-${topics++}`
  broker.createTopic(topic, { partitions, configs })
  return topic
}

/** Key and value of each record. */
async function rows(topic: string): Promise<[string | null, string | null][]> {
  const text = (bytes: Uint8Array | null) => (bytes === null ? null : Buffer.from(bytes).toString('latin1'))
  return (await broker.messages(topic)).map(({ key, value }) => [text(key), text(value)])
}

describe('produce', () => {
  it('makes a record of each line, byte for byte, the last one without a line end too', async () => {
    const topic = newTopic()
    const stdin = Buffer.concat([Buffer.from('one\n\n'), Buffer.of(0xff, 0, 13, 10), Buffer.from('end')])
    const { code, stdout, stderr } = await millrace(['produce', topic, ...at], { stdin })
    expect([code, stdout.length]).toEqual([0, 0])
    expect(stderr).toMatch(/^4 records \(9 B\) to lines-\d+ in [\d.]+ s, [\d,]+ records\/s\n$/)
    expect(await rows(topic)).toEqual([
      [null, 'one'],
      [null, ''],
      [null, '\xff\0\r'],
      [null, 'end'],
    ])
  })

  it('takes what stands before the delimiter for the key; a line without one has none', async () => {
    const topic = newTopic()
    await millrace(['produce', topic, ...at, '-K', '::'], { stdin: 'a::1\nb::2::3\n::4\nplain\n' })
    await millrace(['produce', topic, ...at, '-K', '\\t'], { stdin: 'tab\tbed' })
    expect(await rows(topic)).toEqual([
      ['a', '1'],
      ['b', '2::3'],
      ['', '4'],
      [null, 'plain'],
      ['tab', 'bed'],
    ])
  })

  it('nothing in, nothing out', async () => {
    const topic = newTopic()
    const { code, stderr } = await millrace(['produce', topic, ...at], { stdin: '' })
    expect([code, stderr.startsWith('0 records (0 B)')]).toEqual([0, true])
    expect(await rows(topic)).toEqual([])
  })

  it('many lines in pieces that end anywhere: each once, in order, compressed, with a small buffer', async () => {
    const topic = newTopic()
    const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i} ${'x'.repeat(i % 97)}`)
    const bytes = Buffer.from(`${lines.join('\n')}\n`)
    const pieces = (async function* () {
      for (let from = 0; from < bytes.length; from += 7_919) yield bytes.subarray(from, from + 7_919)
    })()
    const options = ['--compression', 'lz4', '--acks', '1', '-X', 'buffer.memory=128KiB', '--json']
    const { code, lines: out, stderr } = await millrace(['produce', topic, ...at, ...options], { stdin: pieces })
    expect([code, stderr]).toEqual([0, ''])
    const payload = bytes.length - lines.length
    expect(JSON.parse(out[0]!)).toMatchObject({ topic, records: 20_000, failed: 0, bytes: payload })
    expect((await rows(topic)).map(([, value]) => value)).toEqual(lines)
  })

  it('all into the partition that is named', async () => {
    const topic = newTopic(3)
    await millrace(['produce', topic, ...at, '-p', '2'], { stdin: 'a\nb\nc\n' })
    expect([0, 1, 2].map((partition) => broker.describe(topic, partition).endOffset)).toEqual([0, 0, 3])
  })

  it('ends in order when it is interrupted while it waits for more', async () => {
    const topic = newTopic()
    const args = ['produce', topic, ...at, '-X', 'linger.ms=0']
    const endless = (async function* () {
      yield Buffer.from('first\n')
      await new Promise(() => {})
    })()
    const running = millrace(args, { stdin: endless, interruptWhen: async () => (await rows(topic)).length > 0 })
    const { code, stderr } = await running
    expect([code, stderr.startsWith('1 records (5 B)')]).toEqual([0, true])
  })

  describe('what goes wrong is one line, and exit 1; a wrong call is exit 2', () => {
    const fails: [string, string[], string, number, RegExp][] = [
      ['a topic that is not there', ['produce', 'nowhere'], 'x\n', 1, /^millrace: TopicNotFound: .*nowhere.*\n$/],
      ['a partition that is not there', ['-p', '7'], 'x\n', 1, /^millrace: PartitionNotFound: .*7.*\n$/],
      [
        'a line beyond all limits',
        ['-X', 'max.request.size=2000'],
        'x'.repeat(3_000),
        1,
        /^millrace: MessageTooLarge: Line 1 .*\n$/,
      ],
      ['an unknown codec', ['-z', 'brotli'], '', 2, /compression/],
      ['impossible acks', ['--acks', '2'], '', 2, /acks/],
      ['an empty delimiter', ['-K', ''], '', 2, /-K/],
    ]
    for (const [what, args, stdin, expected, pattern] of fails) {
      it(what, async () => {
        const command = args[0] === 'produce' ? args : ['produce', newTopic(), ...args]
        const { code, stderr, stdout } = await millrace([...command, ...at], { stdin })
        expect([code, stdout.length]).toEqual([expected, 0])
        expect(stderr).toMatch(pattern)
      })
    }

    it('a record that the topic does not take: what was stored before is told', async () => {
      const topic = newTopic(1, { 'max.message.bytes': '1000' })
      const { code, stderr } = await millrace(['produce', topic, ...at, '-X', 'linger.ms=0'], {
        stdin: 'y'.repeat(5_000),
      })
      expect(code).toBe(1)
      expect(stderr).toMatch(/^millrace: MessageTooLarge: .*\n$/)
    })

    it('no brokers', async () => {
      const { code, stderr } = await millrace(['produce', 'events'], { stdin: 'x' })
      expect([code, stderr]).toEqual([2, expect.stringContaining('no brokers')])
    })
  })
})

describe('bench produce', () => {
  it('writes what it was asked for and reports it, as text and as JSON', async () => {
    const args = ['bench', 'produce', ...at, '--topic', 'benched', '--records', '5_000']
    const { code, lines, stderr } = await millrace([...args, '--codec', 'lz4', '--json'])
    expect([code, stderr]).toEqual([0, 'made the topic benched with 8 partitions\n'])
    const report = JSON.parse(lines[0]!)
    expect(report).toMatchObject({ topic: 'benched', records: 5_000 })
    expect(report.sentBytes).toBeLessThan(report.bytes)
    for (const field of ['seconds', 'recordsPerSecond', 'megabytesPerSecond', 'cpuSeconds', 'rssMiB']) {
      expect(report[field], field).toBeGreaterThan(0)
    }
    expect(report.latencyMs.p99).toBeGreaterThanOrEqual(report.latencyMs.p50)
    expect(report.busy).toHaveProperty('main')
    expect(await broker.messages('benched')).toHaveLength(5_000)
    const text = await millrace(args)
    expect(text.stdout.toString()).toMatch(/records\/s[\s\S]*How long a batch took/)
    expect(await broker.messages('benched')).toHaveLength(10_000)
  })
})
