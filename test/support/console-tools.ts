// Kafka's own command-line tools, run as programs: the outside judges of what we read and write. [test processes]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { finished } from 'node:stream/promises'
import { javaArguments, runJava } from './kafka-jars.ts'

/** What `producerPerf` writes: `records` of `recordSize` random letters, or lines of `payloadFile` at random. */
export interface PerfOptions {
  topic: string
  records: number
  recordSize?: number
  payloadFile?: string
  codec?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd'
  /** Java's producer properties. */
  props?: Record<string, string | number>
}

/** Fills a topic by Kafka's ProducerPerformance; resolves to its summary line. */
export async function producerPerf(brokers: readonly string[], options: PerfOptions): Promise<string> {
  const { topic, records, recordSize = 100, payloadFile, codec = 'none', props = {} } = options
  const settings = { 'bootstrap.servers': brokers.join(','), 'compression.type': codec, ...props }
  const payload = payloadFile ? ['--payload-file', payloadFile] : ['--record-size', String(recordSize)]
  const load = ['--topic', topic, '--num-records', String(records), '--throughput', '-1', ...payload]
  const properties = ['--command-property', ...Object.entries(settings).map(([name, value]) => `${name}=${value}`)]
  const main = 'org.apache.kafka.tools.ProducerPerformance'
  const result = await runJava(main, [...load, ...properties], { timeoutMs: 1_800_000, jvm: ['-Xmx1g'] })
  const summary = result.stdout.toString().trim().split('\n').at(-1) ?? ''
  if (result.status !== 0 || !summary.startsWith(`${records} records sent`)) {
    throw new Error(`ProducerPerformance failed (${result.status}): ${summary}\n${result.stderr}`)
  }
  return summary
}

/** What `consoleConsumer` reads. It must be told how many records there are, because the tool sees no end. */
export interface ConsoleOptions {
  topic: string
  records: number
  isolation?: 'read_committed' | 'read_uncommitted'
  /** Also print the timestamp (`CreateTime:123`), headers and key, in that order, before the value. */
  everything?: boolean
  /** A file that receives the lines instead; the result is then empty. */
  to?: string
}

/**
 * Reads a topic by Kafka's console consumer, as lines `partition offset value`, in the order in which it printed them:
 * the same as `millrace consume --format '%p %o %s\n'`. It waits at most 30 s for the next record.
 */
export async function consoleConsumer(brokers: readonly string[], options: ConsoleOptions): Promise<string[]> {
  const { topic, records, isolation = 'read_committed', everything = false, to } = options
  const properties = ['print.partition=true', 'print.offset=true', 'key.separator= ']
  if (everything) properties.push('print.timestamp=true', 'print.headers=true', 'print.key=true')
  const args = await javaArguments('org.apache.kafka.tools.consumer.ConsoleConsumer', [
    ...['--bootstrap-server', brokers.join(','), '--topic', topic, '--from-beginning'],
    ...['--isolation-level', isolation, '--max-messages', String(records), '--timeout-ms', '30000'],
    ...properties.flatMap((property) => ['--formatter-property', property]),
  ])
  const child = spawn('java', args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const closed = once(child, 'close')
  let errors = ''
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk
  })
  const file = to === undefined ? undefined : createWriteStream(to)
  const lines: string[] = []
  let count = 0
  for await (const line of createInterface({ input: child.stdout })) {
    const plain = line.replace(/Partition:(\d+) Offset:/, '$1 ')
    count++
    if (file === undefined) lines.push(plain)
    else if (!file.write(`${plain}\n`)) await once(file, 'drain')
  }
  const [status] = await closed
  if (file !== undefined) await finished(file.end())
  if (status !== 0 || count !== records) {
    throw new Error(`the console consumer printed ${count} of ${records} records of ${topic} (${status}):\n${errors}`)
  }
  return lines
}

/** Writes lines to a topic by Kafka's console producer; with a tab in a line, what stands before it is the key. */
export async function consoleProduce(
  brokers: readonly string[],
  topic: string,
  lines: readonly string[],
  props: Record<string, string | number> = {},
): Promise<void> {
  const keys = lines.some((line) => line.includes('\t')) ? ['--reader-property', 'parse.key=true'] : []
  const properties = Object.entries(props).flatMap(([name, value]) => ['--command-property', `${name}=${value}`])
  const main = 'org.apache.kafka.tools.ConsoleProducer'
  const args = ['--bootstrap-server', brokers.join(','), '--topic', topic, ...keys, ...properties]
  const result = await runJava(main, args, { stdin: lines.map((line) => `${line}\n`).join('') })
  if (result.status !== 0 || /ERROR|Exception/.test(result.stderr)) {
    throw new Error(`the console producer failed (${result.status}): ${result.stderr}`)
  }
}

/** What Kafka's DumpLogSegments says about log files (`<home>/node-1/data/<topic>-<partition>/*.log`). */
export async function dumpLog(files: readonly string[]): Promise<string> {
  const args = ['--print-data-log', '--files', files.join(',')]
  const result = await runJava('org.apache.kafka.tools.DumpLogSegments', args)
  if (result.status !== 0) throw new Error(`DumpLogSegments failed (${result.status}): ${result.stderr}`)
  return result.stdout.toString()
}
