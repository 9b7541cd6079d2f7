// Question: how long does a record take from send to the reader's loop, idle and at 10,000 records/s? [bench]
import { Kafka } from '../../src/index.ts'
import { kafkaJars } from '../../test/support/kafka-jars.ts'
import type { Json8Topics } from '../json8-topics.ts'
import { run } from '../measure.ts'
import { median } from '../report.ts'
import { type Command, nodeProgram } from '../rivals/rival.ts'

/** All runs of one client at one load; medians of its runs in ms. */
export interface LatencyResult {
  client: string
  load: string
  p50: number
  p99: number
  runs: { p50: number; p99: number }[]
}

/** What both are told; 200 bytes, one partition, acks 1, no linger, in one process. */
const LOADS = {
  idle: { RECORDS: '3000', WARM_UP: '1000', RATE: '0', PAUSE_MS: '3' },
  '10,000 records/s': { RECORDS: '150000', WARM_UP: '50000', RATE: '10000', PAUSE_MS: '0' },
}

/** The two clients in turns, each run in a process of its own; the first records of a run do not count. */
export async function endToEndLatency(topics: Json8Topics, runs: number): Promise<LatencyResult[]> {
  const source = new URL('../rivals/programs/Latency.java', import.meta.url).pathname
  const java = ['-Xmx1g', '-cp', `${await kafkaJars()}/*`, source]
  const clients: [string, (env: Record<string, string>) => Command][] = [
    ['millrace', (env) => nodeProgram('millrace-latency.mjs', [], env)],
    ['Java', (env) => ({ file: 'java', args: java, env })],
  ]
  const results: LatencyResult[] = []
  for (const [load, settings] of Object.entries(LOADS)) {
    const found = clients.map(
      ([client]): LatencyResult => ({ client, load, p50: Number.NaN, p99: Number.NaN, runs: [] }),
    )
    for (let round = 0; round < 2 * runs; round++) {
      const turn = (round + (round >> 1)) % 2
      const topic = await newTopic(topics.brokers, `latency-${process.pid}-${results.length}-${round}`)
      const { stdout } = await run(clients[turn]![1]({ BROKERS: topics.brokers, TOPIC: topic, ...settings }))
      const { p50, p99 } = JSON.parse(stdout.trim().split('\n').at(-1)!) as { p50: number; p99: number }
      console.error(`latency, ${load}: ${found[turn]!.client} p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`)
      found[turn]!.runs.push({ p50, p99 })
    }
    for (const one of found) {
      one.p50 = median(one.runs.map(({ p50 }) => p50))
      one.p99 = median(one.runs.map(({ p99 }) => p99))
    }
    results.push(...found)
  }
  return results
}

async function newTopic(brokers: string, topic: string): Promise<string> {
  await using kafka = new Kafka({ brokers, threads: 'inline' })
  await kafka.admin.createTopics([{ topic, partitions: 1, replicationFactor: 1 }])
  return topic
}
