// `millrace bench produce`: writes click events as fast as they are taken, and reports. [main thread]
import type { ClientFlags } from './client-options.ts'
import { type ProducerFlags, producerOptions } from './producer-flags.ts'
import { describeWriting } from './report.ts'

/** The flags of `bench produce`. */
export interface BenchProduceFlags extends ClientFlags, ProducerFlags {
  topic: string
  records: number
  json?: boolean
}

/** Runs the command. */
export async function benchProduce(flags: BenchProduceFlags): Promise<void> {
  const { kafka, producer } = producerOptions(flags, { acks: 1 }, 'bench')
  const { writeTopic } = await import('./write-topic.ts')
  const report = await writeTopic(kafka, flags.topic, flags.records, producer)
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : `\n${describeWriting(report)}\n\n`)
}
