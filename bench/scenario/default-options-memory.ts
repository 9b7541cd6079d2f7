// Question: how much memory does a process hold that reads at full speed with default options? [bench]
import type { Json8Topics } from '../json8-topics.ts'
import { run } from '../measure.ts'
import { median } from '../report.ts'
import { type MillraceReport, millraceCommand } from '../rivals/millrace.ts'

/** The peak of one codec; MB are 10^6 bytes. */
export interface MemoryResult {
  codec: string
  peakRssMB: number
  recordsPerSecond: number
  runs: number[]
}

/** Peak resident memory, the median of `runs` processes, and the rate at which they read. */
export async function defaultOptionsMemory(topics: Json8Topics, codec: string, runs: number): Promise<MemoryResult> {
  const topic = await topics.topic(codec)
  const peaks: number[] = []
  const rates: number[] = []
  for (let i = 0; i < runs; i++) {
    const { stdout, rssMiB } = await run(millraceCommand('batches', { brokers: topics.brokers, topic }))
    const { records, seconds } = JSON.parse(stdout) as MillraceReport
    peaks.push(rssMiB * 1.048576)
    rates.push(records / seconds)
    console.error(`memory, ${codec}: ${peaks.at(-1)!.toFixed(0)} MB at ${(rates.at(-1)! / 1e6).toFixed(2)} M records/s`)
  }
  return { codec, peakRssMB: median(peaks), recordsPerSecond: median(rates), runs: peaks }
}
