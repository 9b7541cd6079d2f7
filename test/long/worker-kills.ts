// Thousands of workers with user code die, in every state of a batch: `node test/long/worker-kills.ts [--kills 4000]
// [--seed N]`. Rounds of 200, of every order and codec. Prints what came of it; exits with 1 when anything was lost,
// leaked, given twice to one life of a worker, or committed too early. Without the native kernel a kill may meet Node's
// zlib in the middle of a zstd stream, at which Node 24 ends the process (`close before init`), whoever calls.
// Most of the time threads strip types: with NODE_COMPILE_CACHE set it takes half as long. [a process of its own]
import { parseArgs } from 'node:util'
import { type KillReport, killWorkers } from '../support/worker-kills.ts'

const { values } = parseArgs({ options: { kills: { type: 'string' }, seed: { type: 'string' } } })
const wanted = Number(values.kills ?? 4_000)
const first = Number(values.seed ?? Date.now() % 0x7fffffff)
const ROUND = 200
const orders = ['partition', 'key', 'none'] as const
const codecs = ['none', 'lz4', 'zstd'] as const

const isClean = ({ lost, twice, tooOften, committedTooEarly, committed, left }: KillReport): boolean =>
  lost + twice + tooOften + committedTooEarly === 0 && new Set(committed).size === 1 && left.every((held) => held === 0)

console.log(`seed ${first}`)
const states: Record<string, number> = {}
const servingMs: number[] = []
let kills = 0
let bad = 0
for (let round = 0; kills < wanted; round++) {
  const order = orders[round % orders.length]!
  const codec = codecs[Math.floor(round / orders.length) % codecs.length]!
  const seed = first + round
  const report = await killWorkers({ seed, order, codec, kills: Math.min(ROUND, wanted - kills) })
  kills += report.kills
  servingMs.push(...report.servingMs)
  for (const [state, count] of Object.entries(report.states)) states[state] = (states[state] ?? 0) + count
  const { servingMs: _, states: __, ...found } = report
  if (!isClean(report)) bad++
  console.log(isClean(report) ? 'clean' : 'BAD', JSON.stringify({ seed, order, codec, ...found, total: kills }))
}
servingMs.sort((a, b) => a - b)
const at = (share: number) => Math.round(servingMs[Math.floor(share * (servingMs.length - 1))] ?? Number.NaN)
console.log(JSON.stringify({ kills, bad, states, servingMs: { median: at(0.5), p90: at(0.9), max: at(1) } }))
process.exitCode = bad === 0 ? 0 : 1
