// Reads a topic as fast as it goes, touching every record, and measures what that took. [main thread]
import { performance } from 'node:perf_hooks'
import { Kafka, type KafkaOptions, type Latencies, type Latency } from '../index.ts'
import { onInterrupt } from './exit.ts'
import { startProgress } from './progress.ts'

/** What `demo --json` and `bench consume --json` print. */
export interface ReadReport {
  topic: string
  records: number
  /** Keys and values. */
  bytes: number
  batches: number
  /** From `new Kafka` to the last record. */
  seconds: number
  recordsPerSecond: number
  megabytesPerSecond: number
  /** From `new Kafka` to the first record. */
  firstRecordMs: number
  /** Of a batch, from its arrival on the I/O thread until user code was done with it, in ms. */
  latencyMs: Latency
  /** Of each step on its way. */
  stepsMs: Latencies
  /** Share of the time that each thread was busy, 0 to 1. */
  busy: Record<string, number>
  /** Of the whole process, all threads. */
  cpuSeconds: number
  /** The most memory that the process held. */
  rssMiB: number
}

/** Reads at most `limit` records from the beginning. `expected` is for the progress bar, when it is known. */
export async function readTopic(
  options: KafkaOptions,
  topic: string,
  { limit = Infinity, expected }: { limit?: number | undefined; expected?: number | undefined } = {},
): Promise<ReadReport> {
  const cpuBefore = process.cpuUsage()
  const loopBefore = performance.eventLoopUtilization()
  const started = performance.now()
  const kafka = new Kafka(options)
  const interrupt = new AbortController()
  const release = onInterrupt(() => interrupt.abort(new Error('interrupted')))
  try {
    const source = kafka.iterate(topic, { signal: interrupt.signal })
    // From here on it measures.
    source.stats()
    const total = expected ?? Math.min(limit, await lengthOf(source))
    const progress = await startProgress('reading', total)
    const seen = { records: 0, bytes: 0, batches: 0, firstAt: 0 }
    for await (const batch of source.batches()) {
      if (seen.batches++ === 0) seen.firstAt = performance.now()
      const count = Math.min(batch.count, limit - seen.records)
      seen.bytes += touch(batch, count)
      seen.records += count
      progress.update(seen.records)
      if (seen.records === limit) break
    }
    const ended = performance.now()
    progress.stop()
    const cpu = process.cpuUsage(cpuBefore)
    const busy = await kafka.busy()
    const { latencyMs } = source.stats()
    const seconds = (ended - started) / 1000
    return {
      topic,
      records: seen.records,
      bytes: seen.bytes,
      batches: seen.batches,
      seconds,
      recordsPerSecond: seen.records / seconds,
      megabytesPerSecond: seen.bytes / 1e6 / seconds,
      firstRecordMs: seen.batches === 0 ? 0 : seen.firstAt - started,
      latencyMs: latencyMs.endToEnd,
      stepsMs: latencyMs,
      // Main was busy before: only the time of reading counts.
      busy: { ...busy, main: performance.eventLoopUtilization(loopBefore).utilization },
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      rssMiB: process.resourceUsage().maxRSS / 1024,
    }
  } finally {
    release()
    await kafka.close()
  }
}

type Source = ReturnType<Kafka['iterate']>
type Batch = Awaited<ReturnType<ReturnType<Source['batches']>['next']>>['value'] & object

async function lengthOf(source: Source): Promise<number> {
  let records = 0
  for (const { offset, end } of await source.positions()) records += Math.max(0, (end ?? offset) - offset)
  return records
}

/** Offsets that were seen: kept, so that no compiler may drop the loop that reads them. */
let offsetsSeen = 0

/** What a consumer does at least: look at the offset and the length of every record. Returns the bytes. */
function touch(batch: Batch, count: number): number {
  let bytes = 0
  for (let i = 0; i < count; i++) {
    offsetsSeen = Math.max(offsetsSeen, batch.offsetAt(i))
    bytes += Math.max(0, batch.keyLength(i)) + Math.max(0, batch.valueLength(i))
  }
  return bytes
}
