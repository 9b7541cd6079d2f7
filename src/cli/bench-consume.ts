// `millrace bench consume`: reads a topic with large fetches and reports. [main thread]
import { type ClientFlags, connectionOptions } from './client-options.ts'
import { describeReport } from './report.ts'

/** The flags of `bench consume`. */
export interface BenchFlags extends ClientFlags {
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

/** Runs the command. */
export async function benchConsume(flags: BenchFlags): Promise<void> {
  const options = connectionOptions(flags, BENCH_OPTIONS, 'bench')
  const { readTopic } = await import('./read-topic.ts')
  const report = await readTopic(options, flags.topic, { limit: flags.records })
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `\n${describeReport(report)}\n\n`)
}
