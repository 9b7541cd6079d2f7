// The goals of the project as a table with verdicts: what is wanted, what this run measured. [bench]
import type { ContestResult } from './contest.ts'
import { faster, find, type Goal, type GoalRow, unmeasured, verdict } from './goal.ts'
import { latencyRows, produceRows } from './goals-produce.ts'
import { cpuOf } from './report.ts'
import type { Results } from './results.ts'
import { PARSERS } from './scenario/parse-json8.ts'
import { keptShare } from './scenario/paused-reader.ts'

const OURS = 'millrace batches'
const OURS_BY_RECORD = 'millrace records'
const KAFKAJS = 'kafkajs eachBatch'
const JAVA = 'Java ConsumerPerformance'
const FRANZ_GO = 'franz-go'
const KCAT = 'kcat'
const FLOOR = 'floor (counts batches)'
const NODE_CLIENTS = [KAFKAJS, 'platformatic stream']
const EVERYONE = [FRANZ_GO, JAVA, KCAT, ...NODE_CLIENTS]

/** What performance.md asks of consuming, and issue 3 before it. */
export function goalRows(results: Results): GoalRow[] {
  const speed = (codec: string, least: number, rivals: string[], other: Partial<Goal> = {}) =>
    faster(results.consume, { what: `consume ${codec}`, codec, least, rivals, ours: OURS, issue: 4, ...other })
  const cpu = (codec: string, most: number, rival: string) => cheaper(results.consume, codec, most, rival)
  return [
    speed('none', 3, [KAFKAJS], { issue: 3 }),
    speed('none', 1, [JAVA], { issue: 3 }),
    ...paused(results),
    speed('none', 1.5, [FRANZ_GO]),
    speed('none', 2.5, [JAVA]),
    speed('none', 2.5, [KCAT]),
    speed('none', 6, [KAFKAJS]),
    speed('none', 0.75, [FLOOR]),
    ...['lz4', 'snappy'].flatMap((codec) => [
      speed(codec, 1.5, [FRANZ_GO]),
      speed(codec, 2.5, [JAVA]),
      speed(codec, 2.5, [KCAT]),
      speed(codec, 5, NODE_CLIENTS, { among: 'the best Node client' }),
    ]),
    ...[[FRANZ_GO], [JAVA], [KCAT]].map((rivals) => speed('zstd', 2, rivals)),
    speed('zstd', 5, NODE_CLIENTS, { among: 'the best Node client' }),
    speed('gzip', 1, EVERYONE, { among: 'all of them' }),
    ...['none', 'lz4'].flatMap((codec) => [cpu(codec, 0.8, FRANZ_GO), cpu(codec, 1 / 6, KAFKAJS)]),
    speed('none', 2, [KAFKAJS], { ours: OURS_BY_RECORD }),
    ...parse(results),
    memory(results),
    first(results),
    scale(results),
    idle(results),
    ...produceRows(results.produce ?? []),
    ...latencyRows(results.latency ?? []),
  ]
}

/** Two worker threads with a handler that is worth them. */
function parse({ parse: found = [] }: Results): GoalRow[] {
  const [workers, main, kafkajs] = PARSERS.map(({ name }) => name) as [string, string, string]
  const goal = { what: 'handler with JSON.parse', codec: 'none', ours: workers, issue: 4 }
  return [
    faster(found, { ...goal, least: 1.7, rivals: [main] }),
    faster(found, { ...goal, least: 2.5, rivals: [kafkajs] }),
  ]
}

function cheaper(consume: ContestResult[], codec: string, most: number, rival: string): GoalRow {
  const times = most < 0.5 ? `1/${Math.round(1 / most)} of` : `${most}x`
  const row = { issue: 4, what: `CPU a record, ${codec}`, wanted: `<= ${times} ${rival}` }
  const own = find(consume, codec, OURS)
  const other = find(consume, codec, rival)
  if (own === undefined || other === undefined) return unmeasured(row)
  const ratio = cpuOf(own) / cpuOf(other)
  return { ...row, measured: `${ratio.toFixed(2)}x`, verdict: verdict(ratio <= most) }
}

function paused({ paused: found }: Results): GoalRow[] {
  const speed = { issue: 3, what: 'speed beside a paused reader', wanted: '>= 90 % of that alone' }
  const held = { issue: 3, what: 'most bytes held beside a paused reader', wanted: '<= bufferBytes' }
  if (found === undefined) return [unmeasured(speed), unmeasured(held)]
  const { heldBytesMax, bufferBytes } = found
  const share = keptShare(found)
  const filled = heldBytesMax / bufferBytes
  return [
    { ...speed, measured: percent(share), verdict: verdict(share >= 0.9) },
    { ...held, measured: `${percent(filled)} of it`, verdict: verdict(filled <= 1) },
  ]
}

function memory({ memory: peaks }: Results): GoalRow {
  const row = { issue: 4, what: 'peak RSS at full speed, default options', wanted: '<= 200 MB' }
  if (peaks.length === 0) return unmeasured(row)
  const worst = peaks.reduce((one, other) => (other.peakRssMB > one.peakRssMB ? other : one))
  return {
    ...row,
    measured: `${worst.peakRssMB.toFixed(0)} MB (${worst.codec})`,
    verdict: verdict(worst.peakRssMB <= 200),
  }
}

function first({ first: found }: Results): GoalRow {
  const row = { issue: 4, what: 'first record after new Kafka', wanted: '<= 150 ms' }
  if (found === undefined) return unmeasured(row)
  return { ...row, measured: `${found.medianMs.toFixed(0)} ms`, verdict: verdict(found.medianMs <= 150) }
}

function scale({ scale: found }: Results): GoalRow {
  const row = { issue: 4, what: 'CPU a record at 1,000 partitions', wanted: '<= 1.3x that at 8' }
  const few = found?.find(({ partitions }) => partitions === 8)
  const many = found?.find(({ partitions }) => partitions === 1_000)
  if (few === undefined || many === undefined) return unmeasured(row)
  const ratio = many.cpuMicros / few.cpuMicros
  return { ...row, measured: `${ratio.toFixed(2)}x`, verdict: verdict(ratio <= 1.3) }
}

function idle({ idle: found }: Results): GoalRow {
  const row = { issue: 4, what: '1,000 idle partitions', wanted: '< 1 % of a core' }
  if (found === undefined) return unmeasured(row)
  return { ...row, measured: `${(found.share * 100).toFixed(2)} %`, verdict: verdict(found.share < 0.01) }
}

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`
