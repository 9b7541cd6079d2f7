// `millrace consume`: reads topics and prints their records, many in one write. [main thread]
import type { Kafka } from '../index.ts'
import { type ClientFlags, connectionOptions } from './client-options.ts'
import { onInterrupt } from './exit.ts'
import { writeJsonLines } from './json-lines.ts'
import { later } from './later.ts'
import { Output } from './output.ts'
import { compileFormat, type FormattedBatch, type RecordWriter } from './record-format.ts'
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
  const options = connectionOptions(flags)
  // Loaded only now: a wrong call is answered before the library is read.
  const { Kafka } = await import('../index.ts')
  const kafka = new Kafka(options)
  const interrupt = new AbortController()
  const release = onInterrupt(() => interrupt.abort())
  try {
    const plan = Object.fromEntries(topics.map((topic) => [topic, spec]))
    await read(kafka.iterate(plan, { until, signal: interrupt.signal }), write, flags, interrupt.signal)
  } finally {
    release()
    await kafka.close()
  }
}

type Source = ReturnType<Kafka['iterate']>

/** Reads until the end, `-n`, the interruption, or until nobody reads what is printed. */
async function read(source: Source, write: RecordWriter | undefined, flags: ConsumeFlags, interrupt: AbortSignal) {
  const output = new Output(process.stdout)
  let left = flags.number ?? Infinity
  let records = 0
  let bytes = 0
  try {
    for await (const batch of left === 0 ? [] : source.batches()) {
      const count = Math.min(batch.count, left)
      if (write === undefined) bytes += payloadBytes(batch, count)
      else write(batch, count, output)
      records += count
      left -= count
      await output.ready()
      if (left === 0 || output.closed) break
    }
  } catch (error) {
    // Interrupted: what was read is printed, and that is all.
    if (!interrupt.aborted) {
      await output.end()
      throw error
    }
  }
  if (write === undefined) output.write(Buffer.from(summary(records, bytes, flags.json === true)))
  await output.end()
}

function payloadBytes(batch: FormattedBatch, count: number): number {
  let bytes = 0
  for (let i = 0; i < count; i++) bytes += Math.max(0, batch.keyLength(i)) + Math.max(0, batch.valueLength(i))
  return bytes
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
