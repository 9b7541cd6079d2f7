// The goals of producing: speed beside others, and the way from send to loop. [bench]
import { faster, type GoalRow, unmeasured, verdict } from './goal.ts'
import type { LatencyResult } from './scenario/end-to-end-latency.ts'
import type { ProduceResult } from './scenario/produce-json8.ts'

const ISSUE = 5
const SEND_BATCH = 'millrace sendBatch'
const ENQUEUE = 'millrace enqueue'
const SEND = 'millrace send'
const FRANZ_GO = 'franz-go'
const JAVA = ['Java ProducerPerformance 128 KB', 'Java ProducerPerformance 1 MB']
const NODE_CLIENTS = ['kafkajs send', 'platformatic send']

/** Records a second, for both kinds of acknowledgement; a writer is kept busy by `enqueue`, also by `sendBatch`. */
export function produceRows(results: ProduceResult[]): GoalRow[] {
  return (['1', 'all'] as const).flatMap((acks) => {
    const measured = results.filter((one) => one.acks === acks)
    const goal = (codec: string, least: number, rivals: string[], among: string, ours = ENQUEUE) =>
      faster(measured, { what: `produce ${codec}, acks ${acks}`, issue: ISSUE, codec, ours, least, rivals, among })
    return [
      ...(['none', 'lz4'] as const).flatMap((codec) => [
        goal(codec, codec === 'none' ? 1.2 : 1.5, [FRANZ_GO], FRANZ_GO),
        goal(codec, codec === 'none' ? 1.2 : 1.5, [FRANZ_GO], FRANZ_GO, SEND_BATCH),
        goal(codec, 2.5, JAVA, 'Java'),
        goal(codec, 4, NODE_CLIENTS, 'the best Node client'),
      ]),
      goal('none', 0.8, [FRANZ_GO], FRANZ_GO, SEND),
    ]
  })
}

/** From send to loop, beside Java. */
export function latencyRows(results: LatencyResult[]): GoalRow[] {
  return ['idle', '10,000 records/s'].flatMap((load) => {
    const [own, java] = ['millrace', 'Java'].map((name) => {
      return results.find((one) => one.client === name && one.load === load && one.runs.length > 0)
    })
    return (['p50', 'p99'] as const).map((share): GoalRow => {
      const row = { issue: ISSUE, what: `end-to-end latency, ${load}, ${share}`, wanted: '<= Java' }
      if (own === undefined || java === undefined) return unmeasured(row)
      const measured = `${own[share].toFixed(2)} ms to ${java[share].toFixed(2)} ms`
      return { ...row, measured, verdict: verdict(own[share] <= java[share]) }
    })
  })
}
