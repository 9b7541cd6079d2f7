// The commands as somebody at a terminal meets them: output, exit codes, pipes, Ctrl-C. [test process]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { millrace } from './millrace.ts'

const RECORDS = 5_000
const folder = mkdtempSync(join(tmpdir(), 'millrace-cli-'))
let broker: Broker
let at: string[]

beforeAll(async () => {
  broker = await Broker.start()
  at = ['--brokers', broker.address]
  broker.createTopic('events', { partitions: 4 })
  await broker.generate('events', { records: RECORDS })
  await broker.seed('odd', [
    { key: 'k', value: null },
    { key: null, value: '' },
    { key: '', value: 'x', timestamp: 1700000000123, headers: { trace: 'a' } },
    Buffer.of(0xff, 0x00, 0x0a),
  ])
})
afterAll(async () => {
  await broker.close()
  rmSync(folder, { recursive: true })
})

describe('consume', () => {
  it('prints every record of every partition once, values by default', async () => {
    const { code, lines, stderr } = await millrace(['consume', 'events', ...at, '--until', 'end'])
    const expected = (await broker.messages('events')).map(({ value }) => String(value))
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(lines.sort()).toEqual(expected.sort())
  })

  it('prints what the format says, byte for byte', async () => {
    const format = '%t %p %o %k [%s] %h\\n'
    const { stdout } = await millrace(['consume', 'odd', ...at, '--until', 'end', '--format', format])
    const expected = ['odd 0 0 k [null] \n', 'odd 0 1 null [] \n', 'odd 0 2  [x] trace=a\n', 'odd 0 3 null [']
    expect(stdout).toEqual(Buffer.concat([Buffer.from(expected.join('')), Buffer.of(0xff, 0, 10), Buffer.from('] \n')]))
  })

  it('prints JSON, one object a line', async () => {
    const { lines } = await millrace(['consume', 'odd', ...at, '--until', 'end', '--json'])
    const records = lines.map((line) => JSON.parse(line))
    expect(records).toHaveLength(4)
    expect(records[2]).toEqual({
      topic: 'odd',
      partition: 0,
      offset: 2,
      timestamp: 1700000000123,
      key: '',
      value: 'x',
      headers: [['trace', 'a']],
    })
    expect(records[3].valueBase64).toBe('/wAK')
  })

  it('counts, in words and in JSON', async () => {
    const words = await millrace(['consume', 'odd', ...at, '--until', 'end', '--count'])
    expect(words.lines).toEqual(['4 records, 5 bytes'])
    const object = await millrace(['consume', 'events', ...at, '--until', 'end', '--count', '--json'])
    expect(JSON.parse(object.lines[0]!).records).toBe(RECORDS)
  })

  it('stops after exactly n records, without --until', async () => {
    const { code, lines } = await millrace(['consume', 'events', ...at, '-n', '777'])
    expect([code, lines.length]).toEqual([0, 777])
    expect((await millrace(['consume', 'events', ...at, '-n', '0'])).stdout).toHaveLength(0)
  })

  it('starts where it is told, in the partitions it is told', async () => {
    const args = ['consume', 'events', ...at, '--until', 'end', '--format', '%p %o\\n']
    const { endOffset } = broker.describe('events', 2)
    const last = await millrace([...args, '--from', '-2', '-p', '2'])
    expect(last.lines).toEqual([`2 ${endOffset - 2}`, `2 ${endOffset - 1}`])
    const offset = await millrace([...args, '--from', String(endOffset - 1), '--partition', '2', '--partition', '0'])
    expect(offset.lines.filter((line) => line.startsWith('2 '))).toEqual([`2 ${endOffset - 1}`])
    const future = await millrace([...args, '--from', '@2100-01-01'])
    expect([future.code, future.lines]).toEqual([0, []])
  })

  it('ends quietly when its reader goes away', async () => {
    const { code, stderr } = await millrace(['consume', 'events', ...at, '--until', 'end'], { closeStdout: true })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  })

  it('goes on for ever, and ends in order when it is interrupted', async () => {
    const interrupted = await millrace(['consume', 'odd', ...at], { onOutput: (kill) => kill('SIGINT') })
    expect({ code: interrupted.code, stderr: interrupted.stderr }).toEqual({ code: 0, stderr: '' })
    expect(interrupted.lines[0]).toBe('null')
  })

  it('takes a signal that npm passes on for the same one', async () => {
    const onOutput = (kill: (signal: NodeJS.Signals) => void) => {
      kill('SIGINT')
      kill('SIGINT')
    }
    const { code, lines } = await millrace(['consume', 'odd', ...at], { onOutput })
    expect([code, lines[0]]).toEqual([0, 'null'])
  })

  it('takes brokers and options from the environment, files and -X', async () => {
    const args = ['consume', 'odd', '--until', 'end', '--count']
    const file = join(folder, 'client.properties')
    writeFileSync(file, `bootstrap.servers=${broker.address}\nfetch.max.bytes=1000\nkey.deserializer=x\n`)
    for (const [more, env] of [
      [[], { MILLRACE_BROKERS: broker.address, MILLRACE_THREADS: 'inline' }],
      [[], { KAFKA_BROKERS: broker.address, MILLRACE_PROFILE: 'latency' }],
      [['--config', file], {}],
      [['-X', `bootstrap.servers=${broker.address}`, '-X', 'fetch.max.bytes=1MiB'], {}],
    ] as [string[], Record<string, string>][]) {
      const { lines, stderr } = await millrace([...args, ...more], { env })
      expect({ lines, stderr }).toEqual({ lines: ['4 records, 5 bytes'], stderr: '' })
    }
  })
})

describe('a failure is one line on stderr and exit code 1', () => {
  it.each([
    ['an unknown topic', ['consume', 'nope', '--until', 'end'], /nope/],
    ['an unknown partition', ['consume', 'odd', '-p', '9', '--until', 'end'], /partition 9/],
    ['an unknown topic in a group', ['consume', 'nope', '--until', 'end', '--group', 'nope'], /nope/],
    ['an unknown topic in bench', ['bench', 'consume', '--topic', 'nope'], /nope/],
  ])('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await millrace([...args, ...at])
    expect(code).toBe(1)
    expect(stdout).toHaveLength(0)
    expect(stderr).toMatch(message)
    expect(stderr.trimEnd().split('\n')).toHaveLength(1)
  })

  it('a port where nothing listens, or something else', async () => {
    const http = createServer((socket) => {
      socket.on('error', () => {})
      socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')
    })
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    const { port } = http.address() as { port: number }
    for (const address of ['127.0.0.1:1', `127.0.0.1:${port}`]) {
      for (const command of [['consume', 'events', '-X', 'default.api.timeout.ms=2s'], ['doctor']]) {
        const { code, stderr } = await millrace([...command, '-b', address])
        expect(code).toBe(1)
        expect(stderr).toContain(address)
        expect(stderr.trimEnd().split('\n')).toHaveLength(1)
      }
    }
    http.close()
  })
})

describe('a wrong call is exit code 2', () => {
  it.each([
    [[], /Usage/],
    [['cosnume'], /consume/],
    [['consume'], /topic/],
    [['consume', 'events'], /--brokers/],
    [['consume', 'events', '-n', 'many'], /whole number/],
    [['consume', 'events', '-b', 'x', '--from', 'soon'], /--from/],
    [['consume', 'events', '-b', 'x', '--until', 'noon'], /--until/],
    [['consume', 'events', '-b', 'x', '--format', '%z'], /%z/],
    [['consume', 'events', '-b', 'x', '--format', '%s', '--json'], /exclude/],
    [['consume', 'events', '-b', 'x', '-X', 'fetch.max.byte=1'], /did you mean fetchMaxBytes/],
    [['consume', 'events', '-b', 'x', '-X', 'fetch.max.bytes=lots'], /'lots'/],
    [['consume', 'events', '-b', 'x', '-X', 'group.protocol=magic'], /consumer/],
    [['consume', 'events', '-b', 'x', '--group', 'g', '--from', '7'], /earliest or latest/],
    [['consume', 'events', '-b', 'x', '--group', 'g', '--partition', '0'], /exclude/],
    [['consume', 'events', '-b', 'x', '--workers', '0'], /whole number/],
    [['produce', '-b', 'x'], /topic/],
    [['bench', 'produce', '-b', 'x'], /--topic/],
    [['bench', 'consume', '-b', 'x'], /--topic/],
    [['bench', 'consume', '-b', 'x', '-t', 't', '--codec', 'rar'], /'rar'/],
    [['broker', '--listen', 'nowhere'], /--listen/],
    [['broker', '--seed', 'events'], /TOPIC=FILE/],
    [['demo', '--records', '-5'], /whole number/],
  ])('%j', async (args, message) => {
    const { code, stdout, stderr } = await millrace(args)
    expect(code).toBe(2)
    expect(stdout).toHaveLength(0)
    expect(stderr).toMatch(message)
  })
})

const report = {
  records: expect.any(Number),
  bytes: expect.any(Number),
  seconds: expect.any(Number),
  recordsPerSecond: expect.any(Number),
  megabytesPerSecond: expect.any(Number),
  latencyMs: { p50: expect.any(Number), p90: expect.any(Number), p99: expect.any(Number), max: expect.any(Number) },
  busy: { main: expect.any(Number), io: expect.any(Number) },
  cpuSeconds: expect.any(Number),
  rssMiB: expect.any(Number),
}

describe('demo', () => {
  it('reports what it read from its own broker as one object', async () => {
    const { code, lines, stderr } = await millrace(['demo', '--records', '20000', '--json'])
    expect({ code, stderr, count: lines.length }).toEqual({ code: 0, stderr: '', count: 1 })
    expect(JSON.parse(lines[0]!)).toMatchObject({ ...report, records: 20_000 })
  })

  it('reports for people, too', async () => {
    const { code, stdout } = await millrace(['demo', '--records', '1000'])
    expect(code).toBe(0)
    expect(stdout.toString()).toMatch(/records\s+1,000/)
    expect(stdout.toString()).toMatch(/What next\?/)
  })

  it('fills a topic on named brokers and removes it again', async () => {
    const topics = broker.topics
    const { code, lines } = await millrace(['demo', ...at, '--records', '9001', '--json'])
    expect(code).toBe(0)
    expect(JSON.parse(lines[0]!)).toMatchObject({ ...report, records: 9_001 })
    expect(broker.topics).toEqual(topics)
  })

  it('never writes to brokers that only the environment names', async () => {
    const seen: string[] = []
    const unhook = broker.on('Metadata', () => void seen.push('asked'))
    const { code } = await millrace(['demo', '--records', '100', '--json'], {
      env: { MILLRACE_BROKERS: broker.address },
    })
    unhook()
    expect([code, seen]).toEqual([0, []])
  })
})

describe('bench consume', () => {
  it('reports as one object', async () => {
    const { lines } = await millrace(['bench', 'consume', ...at, '--topic', 'events', '--json'])
    expect(JSON.parse(lines[0]!)).toMatchObject({ ...report, records: RECORDS })
  })

  it('stops after the records asked for', async () => {
    const { lines } = await millrace(['bench', 'consume', ...at, '-t', 'events', '--records', '1234', '--json'])
    expect(JSON.parse(lines[0]!).records).toBe(1234)
  })

  it('fills a topic that there is not, in the codec asked for, and reads one that there is', async () => {
    const codecs = new Set<number>()
    const unhook = broker.on('Produce', ({ topicData }) => {
      // The low bits of a batch's attributes.
      for (const { records } of topicData.flatMap((topic) => topic.partitionData)) codecs.add(records![22]! & 7)
    })
    const args = ['bench', 'consume', ...at, '--topic', 'packed', '--codec', 'lz4', '--json']
    const filled = await millrace([...args, '--records', '300'])
    expect(JSON.parse(filled.lines[0]!).records).toBe(300)
    const again = await millrace(args)
    unhook()
    expect(JSON.parse(again.lines[0]!).records).toBe(300)
    expect([...codecs]).toEqual([3])
  })
})

describe('broker', () => {
  it('prints its address first, serves what it was seeded with, and ends when it is told', async () => {
    const file = join(folder, 'lines')
    writeFileSync(file, 'one\n\nthree')
    let read: Promise<string[]> | undefined
    const { code, lines } = await millrace(['broker', '--listen', '127.0.0.1:0', '--seed', `words=${file}`], {
      onOutput: (kill, first) => {
        const args = ['consume', 'words', '-b', first.trim(), '--until', 'end', '--format', '[%s]\\n']
        read = millrace(args).then((consumed) => {
          kill('SIGTERM')
          return consumed.lines
        })
      },
    })
    expect(code).toBe(0)
    expect(lines).toHaveLength(1)
    expect(await read).toEqual(['[one]', '[]', '[three]'])
  })
})

describe('doctor', () => {
  it('says what is in use, and where each value comes from, without secrets', async () => {
    const env = { MILLRACE_API_KEY: 'key:hunter2', MILLRACE_FETCH_MAX_BYTES: '5MiB', MILLRACE_SCRATCH: 'x' }
    const { code, stdout, lines } = await millrace(['doctor', '--json', '-X', 'client.id=me'], { env })
    expect(code).toBe(0)
    expect(stdout.toString()).not.toContain('hunter2')
    const found = JSON.parse(lines[0]!)
    expect(found.node).toEqual({ version: process.version, supported: true })
    expect(Object.keys(found.codecs).sort()).toEqual(['gzip', 'lz4', 'snappy', 'zstd'])
    const option = (name: string) => found.options.find((one: { name: string }) => one.name === name)
    expect(option('fetchMaxBytes')).toMatchObject({ value: 5242880, source: 'environment (MILLRACE_FETCH_MAX_BYTES)' })
    expect(option('clientId')).toMatchObject({ value: 'me', source: 'argument (-X client.id)' })
    expect(option('bufferBytes')).toMatchObject({ source: 'default' })
    expect(option('sasl')).toMatchObject({ source: 'environment (MILLRACE_API_KEY)' })
    expect(found.ignored).toMatchObject([{ at: 'MILLRACE_SCRATCH' }])
  })

  it('tries the brokers', async () => {
    const { code, stdout } = await millrace(['doctor', ...at])
    expect(code).toBe(0)
    expect(stdout.toString()).toMatch(new RegExp(`${broker.address}\\s+ok\\s+answers`))
  })
})
