// `millrace consume`: reads topics and prints their records, many in one write. [main thread]
import { Kafka } from '../index.ts'
import { type ClientFlags, clientOptions } from './client-options.ts'
import { onInterrupt } from './exit.ts'
import { writeJsonLines } from './json-lines.ts'
import { later } from './later.ts'
import { Output } from './output.ts'
import { compileFormat, type RecordWriter } from './record-format.ts'
import { parseFrom } from './start-position.ts'
import { UsageError } from './usage-error.ts'

/** The flags of `consume`. */
export interface ConsumeFlags extends ClientFlags {
  from: string
  until?: string
  partition?: number[]
  number?: number
  format?: string
  json?: boolean
  count?: boolean
  group?: string
  workers?: string
}

/** Runs the command. */
export async function consume(topics: string[], flags: ConsumeFlags): Promise<void> {
  const write = writerOf(flags)
  const until = untilOf(flags.until)
  const spec = {
    from: parseFrom(flags.from),
    ...(flags.partition === undefined ? {} : { partitions: flags.partition }),
  }
  const kafka = new Kafka(clientOptions(flags))
  try {
    const source = kafka.iterate(Object.fromEntries(topics.map((topic) => [topic, spec])), { until })
    const release = onInterrupt(() => source.stop())
    await read(source, write, flags)
    release()
  } finally {
    await kafka.close()
  }
}

type Source = ReturnType<Kafka['iterate']>

async function read(source: Source, write: RecordWriter | undefined, flags: ConsumeFlags): Promise<void> {
  const output = new Output(process.stdout)
  let left = flags.number ?? Infinity
  let records = 0
  let bytes = 0
  if (left > 0) {
    for await (const batch of source.batches()) {
      if (batch === undefined) continue
      const count = Math.min(batch.count, left)
      if (write === undefined) {
        for (let i = 0; i < count; i++) bytes += Math.max(0, batch.keyLength(i)) + Math.max(0, batch.valueLength(i))
      } else {
        write(batch, count, output)
      }
      records += count
      left -= count
      await output.ready()
      if (left === 0 || output.closed) break
    }
  }
  if (write === undefined) output.write(Buffer.from(summary(records, bytes, flags.json === true)))
  await output.end()
}

function writerOf(flags: ConsumeFlags): RecordWriter | undefined {
  if (flags.group !== undefined) later('--group', 'consumer groups')
  if (flags.workers !== undefined) later('--workers', 'processors')
  if (flags.json === true && flags.format !== undefined) throw new UsageError('--json and --format exclude each other.')
  if (flags.count === true) return undefined
  return flags.json === true ? writeJsonLines : compileFormat(flags.format ?? '%s\\n')
}

function untilOf(text: string | undefined): 'end' | 'never' {
  if (text === undefined || text === 'never') return 'never'
  if (text === 'end') return 'end'
  throw new UsageError(`--until must be end or never, not '${text}'.`)
}

function summary(records: number, bytes: number, json: boolean): string {
  return json ? `${JSON.stringify({ records, bytes })}\n` : `${records} records, ${bytes} bytes\n`
}
