// `millrace bench consume`: reads a topic with large fetches and reports. [main thread]
import type { ClientFlags } from './client-options.ts'
import { type ProducerFlags, producerOptions } from './producer-flags.ts'
import { describeReport } from './report.ts'

/** The flags of `bench consume`. */
export interface BenchFlags extends ClientFlags, Pick<ProducerFlags, 'compression'> {
  topic: string
  records?: number
  json?: boolean
}

/** The fetch limits under which all clients are measured. */
const BENCH_OPTIONS = {
  fetchMaxBytes: 67_108_864,
  maxPartitionFetchBytes: 4_194_304,
  bufferBytes: 268_435_456,
}

/** As `bench produce` writes. */
const FILLED_RECORDS = 4_000_000

/** Runs the command. */
export async function benchConsume(flags: BenchFlags): Promise<void> {
  const { kafka: options, producer } = producerOptions(flags, BENCH_OPTIONS, 'bench')
  if (producer.compression !== undefined) {
    const { fillMissing } = await import('./write-topic.ts')
    await fillMissing(options, flags.topic, flags.records ?? FILLED_RECORDS, producer)
  }
  const { readTopic } = await import('./read-topic.ts')
  const report = await readTopic(options, flags.topic, { limit: flags.records })
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `\n${describeReport(report)}\n\n`)
}
