// Writes click events to a topic as fast as it goes, and measures what that took. [main thread]
import { performance } from 'node:perf_hooks'
import {
  Kafka,
  type KafkaOptions,
  type Latency,
  type ProducerOptions,
  type ProducerStats,
  TopicNotFound,
} from '../index.ts'
import { onInterrupt } from './exit.ts'
import { eventWriter } from './write-events.ts'

/** What `bench produce --json` prints. */
export interface WriteReport {
  topic: string
  records: number
  /** Of the values. */
  bytes: number
  /** As they were sent, after compression. */
  sentBytes: number
  batches: number
  /** From `new Kafka` to the last acknowledgement. */
  seconds: number
  recordsPerSecond: number
  megabytesPerSecond: number
  /** Of a batch, from its request to the answer, in ms. */
  latencyMs: Latency
  /** Of a batch, from its first record to its request, in ms. */
  queueMs: Latency
  /** Share of the time that each thread was busy, 0 to 1. */
  busy: Record<string, number>
  /** Of the whole process, all threads. */
  cpuSeconds: number
  /** The most memory that the process held. */
  rssMiB: number
}

/** As the workload that all measurements share has it, for a topic that nobody made. */
const PARTITIONS = 8

/** Writes so many records; the topic is made when there is none. */
export async function writeTopic(
  options: KafkaOptions,
  topic: string,
  records: number,
  settings: ProducerOptions,
): Promise<WriteReport> {
  const write = eventWriter(records)
  const cpuBefore = process.cpuUsage()
  const loopBefore = performance.eventLoopUtilization()
  const interrupt = new AbortController()
  const release = onInterrupt(() => interrupt.abort(new Error('interrupted')))
  const started = performance.now()
  const kafka = new Kafka(options)
  try {
    await makeMissing(kafka, topic, interrupt.signal)
    const producer = kafka.producer(settings)
    const bytes = await write(producer, topic, { label: 'writing', signal: interrupt.signal })
    const seconds = (performance.now() - started) / 1000
    const cpu = process.cpuUsage(cpuBefore)
    const busy = await kafka.busy()
    const stats = producer.stats()
    return {
      ...{ topic, records, bytes, sentBytes: stats.sentBytes, batches: stats.batches, seconds },
      recordsPerSecond: records / seconds,
      megabytesPerSecond: bytes / 1e6 / seconds,
      latencyMs: latencyOf(stats.requestLatencyUs),
      queueMs: latencyOf(stats.queueTimeUs),
      busy: { ...busy, main: performance.eventLoopUtilization(loopBefore).utilization },
      cpuSeconds: (cpu.user + cpu.system) / 1e6,
      rssMiB: process.resourceUsage().maxRSS / 1024,
    }
  } finally {
    release()
    await kafka.close()
  }
}

/** Makes a topic of so many records, if there is none. */
export async function fillMissing(
  options: KafkaOptions,
  topic: string,
  records: number,
  settings: ProducerOptions,
): Promise<void> {
  const interrupt = new AbortController()
  const release = onInterrupt(() => interrupt.abort(new Error('interrupted')))
  const kafka = new Kafka(options)
  try {
    // What is wrong with the settings is said whether they are needed or not.
    const producer = kafka.producer(settings)
    const { signal } = interrupt
    if (await makeMissing(kafka, topic, signal)) {
      await eventWriter(records)(producer, topic, { label: 'filling', signal })
    }
  } finally {
    release()
    await kafka.close()
  }
}

/** Whether there was none. */
async function makeMissing({ admin }: Kafka, topic: string, signal: AbortSignal): Promise<boolean> {
  try {
    await admin.describeTopics([topic], { signal })
    return false
  } catch (error) {
    if (!(error instanceof TopicNotFound)) throw error
    await admin.createTopics([{ topic, partitions: PARTITIONS }], { signal })
    process.stderr.write(`made the topic ${topic} with ${PARTITIONS} partitions\n`)
    return true
  }
}

function latencyOf(histogram: ProducerStats['queueTimeUs']): Latency {
  const at = (percentile: number) => histogram.getValueAtPercentile(percentile) / 1000
  if (histogram.totalCount === 0) return { p50: undefined, p90: undefined, p99: undefined, max: undefined }
  return { p50: at(50), p90: at(90), p99: at(99), max: histogram.maxValue / 1000 }
}
