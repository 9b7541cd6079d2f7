// `millrace produce`: each line of stdin becomes a record. [main thread]
import type { DeliveryReport, Producer } from '../index.ts'
import type { ClientFlags } from './client-options.ts'
import { onInterrupt } from './exit.ts'
import { lines } from './lines.ts'
import { type ProducerFlags, producerOptions } from './producer-flags.ts'
import { byteWords, grouped, short } from './table.ts'
import { UsageError } from './usage-error.ts'

/** The flags of `produce`. */
export interface ProduceFlags extends ClientFlags, ProducerFlags {
  keyDelimiter?: string
  partition?: number
  json?: boolean
}

/** What became of the lines. */
interface Summary {
  topic: string
  /** Stored. */
  records: number
  failed: number
  /** Keys and values of what was stored. */
  bytes: number
  seconds: number
}

/** Runs the command. */
export async function produce(topic: string, flags: ProduceFlags): Promise<void> {
  const split = splitterOf(flags.keyDelimiter)
  const options = producerOptions(flags)
  const { Kafka } = await import('../index.ts')
  const kafka = new Kafka(options.kafka)
  const interrupt = new AbortController()
  const release = onInterrupt(() => interrupt.abort())
  const started = performance.now()
  const summary: Summary = { topic, records: 0, failed: 0, bytes: 0, seconds: 0 }
  let failure: unknown
  const onDelivery = ({ error, record }: DeliveryReport) => {
    if (error === undefined) {
      summary.records++
      summary.bytes += sizeOf(record.key) + sizeOf(record.value)
    } else {
      summary.failed++
      failure ??= error
    }
  }
  try {
    const producer = kafka.producer({ ...options.producer, onDelivery })
    const place = { topic, ...(flags.partition === undefined ? {} : { partition: flags.partition }) }
    const stop = () => interrupt.signal.aborted || failure !== undefined
    await send(producer, place, split, stop, interrupt.signal).catch((error) => {
      failure ??= error
    })
    await producer.flush()
    summary.seconds = (performance.now() - started) / 1000
    if (failure === undefined || summary.records > 0) tell(summary, flags.json === true)
  } finally {
    release()
    await kafka.close()
  }
  if (failure !== undefined) throw failure
}

/** Hands lines over as fast as the producer takes them: stdin waits while its buffer is full. */
async function send(
  producer: Producer,
  place: { topic: string; partition?: number },
  split: Splitter,
  stop: () => boolean,
  signal: AbortSignal,
): Promise<void> {
  for await (const some of lines(process.stdin, producer.options.maxRequestBytes, signal)) {
    for (const line of some) {
      const room = producer.enqueue({ ...place, ...split(line) })
      if (room !== undefined) await room
      if (stop()) return
    }
  }
}

type Splitter = (line: Buffer) => { key: Buffer | null; value: Buffer }

/** What stands before the delimiter is the key; a line without one has none. */
function splitterOf(given: string | undefined): Splitter {
  if (given === undefined) return (value) => ({ key: null, value })
  const delimiter = Buffer.from(given.replaceAll('\\t', '\t'))
  if (delimiter.length === 0 || delimiter.includes(10)) {
    throw new UsageError('-K takes a text that is not empty and has no line end.')
  }
  return (line) => {
    const at = line.indexOf(delimiter)
    if (at < 0) return { key: null, value: line }
    return { key: line.subarray(0, at), value: line.subarray(at + delimiter.length) }
  }
}

const sizeOf = (bytes: unknown) => (bytes instanceof Uint8Array ? bytes.length : 0)

function tell(summary: Summary, json: boolean): void {
  const { topic, records, failed, bytes, seconds } = summary
  const recordsPerSecond = records / seconds
  if (json) {
    process.stdout.write(`${JSON.stringify({ ...summary, recordsPerSecond })}\n`)
    return
  }
  const rest = failed === 0 ? '' : `; ${grouped(failed)} failed`
  const what = `${grouped(records)} records (${byteWords(bytes)}) to ${topic}`
  process.stderr.write(`${what} in ${short(seconds)} s, ${grouped(recordsPerSecond)} records/s${rest}\n`)
}
