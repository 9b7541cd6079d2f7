// Question: how long after `new Kafka` is the first record there, with default options? [bench]
import type { Json8Topics } from '../json8-topics.ts'
import { run } from '../measure.ts'
import { median } from '../report.ts'
import { type MillraceReport, millraceCommand } from '../rivals/millrace.ts'

/** Milliseconds from `new Kafka` to the first record, threads started and cluster found on the way. */
export interface FirstRecordResult {
  medianMs: number
  runs: number[]
}

/** A process of its own each time; the import of the library is not counted, what it starts is. */
export async function firstRecord(topics: Json8Topics, runs: number): Promise<FirstRecordResult> {
  const topic = await topics.topic('none')
  const times: number[] = []
  for (let i = 0; i < runs; i++) {
    const { stdout } = await run(millraceCommand('first', { brokers: topics.brokers, topic }))
    times.push((JSON.parse(stdout) as MillraceReport).firstMs)
    console.error(`first record: ${times.at(-1)!.toFixed(0)} ms`)
  }
  return { medianMs: median(times), runs: times }
}
