// Question: how much of a core do 1,000 partitions cost on which nothing happens? [bench]
import type { Json8Topics } from '../json8-topics.ts'
import { run } from '../measure.ts'
import { nodeProgram } from '../rivals/rival.ts'

const PARTITIONS = 1_000
const SETTLE_SECONDS = 5
const SECONDS = 10

/** CPU of the process, all threads, as a share of one core. */
export interface IdleResult {
  partitions: number
  share: number
  seconds: number
}

/** Default options; after it has settled. */
export async function idlePartitionsCpu(topics: Json8Topics): Promise<IdleResult> {
  const env = {
    BROKERS: topics.brokers,
    TOPIC: await topics.emptyTopic(PARTITIONS),
    SETTLE_SECONDS: String(SETTLE_SECONDS),
    SECONDS: String(SECONDS),
  }
  const { stdout } = await run(nodeProgram('millrace-idle.mjs', [], env))
  const { partitions, records, seconds, cpuSeconds } = JSON.parse(stdout) as Record<string, number>
  if (partitions !== PARTITIONS || records !== 0) throw new Error(`not idle: ${stdout}`)
  const share = cpuSeconds! / seconds!
  console.error(`idle, ${partitions} partitions: ${(share * 100).toFixed(2)} % of a core`)
  return { partitions, share, seconds: seconds! }
}
