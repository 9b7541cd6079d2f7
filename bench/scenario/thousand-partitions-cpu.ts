// Question: what does a record cost at 1,000 partitions, against the same records in 8? [bench]
import type { Json8Topics } from '../json8-topics.ts'
import { run } from '../measure.ts'
import { median } from '../report.ts'
import { COMPARED_OPTIONS, type MillraceReport, millraceCommand } from '../rivals/millrace.ts'

const PARTITIONS = [8, 1_000] as const

/** CPU of the process per record, in microseconds, from `new Kafka` to the last record: start-up of Node left out. */
export interface ScaleResult {
  partitions: number
  cpuMicros: number
  recordsPerSecond: number
  runs: number[]
}

/** Reads both topics in alternation. */
export async function thousandPartitionsCpu(topics: Json8Topics, runs: number): Promise<ScaleResult[]> {
  const all = PARTITIONS.map((partitions) => ({ partitions, costs: [] as number[], rates: [] as number[] }))
  for (let i = 0; i <= runs; i++) {
    for (const { partitions, costs, rates } of all) {
      const topic = await topics.topic('none', partitions)
      const command = millraceCommand('batches', { brokers: topics.brokers, topic }, COMPARED_OPTIONS)
      const { records, seconds, cpuSeconds } = JSON.parse((await run(command)).stdout) as MillraceReport
      if (records < topics.records) throw new Error(`${topic}: ${records} of ${topics.records} records`)
      const micros = (cpuSeconds * 1e6) / records
      console.error(`${partitions} partitions: ${micros.toFixed(3)} us of CPU a record`)
      if (i === 0) continue // warm-up
      costs.push(micros)
      rates.push(records / seconds)
    }
  }
  return all.map(({ partitions, costs, rates }) => ({
    partitions,
    cpuMicros: median(costs),
    recordsPerSecond: median(rates),
    runs: costs,
  }))
}
