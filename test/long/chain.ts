// Chains of groups, the long form: `node test/long/chain.ts [--records 500000] [--seed N] [--groups range,KIP-848]
// [--transactions] [--kafka]`. In virtual time on the embedded broker, or on three real ones. Prints a line a chain and
// exits with 1 when anything is wrong. [a process of its own]
import { parseArgs } from 'node:util'
import { simulatedGround } from '../scenario/chain-ground.ts'
import { kafkaGround } from '../scenario/chain-kafka.ts'
import { chainGroups, judgeChain, runChain } from '../scenario/chain-run.ts'

const { values } = parseArgs({
  options: {
    records: { type: 'string' },
    seed: { type: 'string', default: String(Date.now() % 0x7fffffff) },
    groups: { type: 'string', default: Object.keys(chainGroups).join() },
    transactions: { type: 'boolean', default: false },
    kafka: { type: 'boolean', default: false },
  },
})
const { kafka, transactions: transactional } = values
const records = Number(values.records ?? (kafka ? 20_000 : 500_000))
const seed = Number(values.seed)
const partitions = kafka ? 4 : 8
const flags = `${transactional ? ' --transactions' : ''}${kafka ? ' --kafka' : ''}`
console.log(`chains: --seed ${seed} --records ${records}${flags}`)
/** Real time, where it counts. */
const limits = kafka ? { limitMs: 20 * 60_000 } : {}

for (const name of values.groups.split(',')) {
  const consumer = chainGroups[name]
  if (consumer === undefined) throw new Error(`--groups knows ${Object.keys(chainGroups).join()}, not ${name}`)
  const begun = performance.now()
  const ground = kafka ? kafkaGround(seed) : simulatedGround(seed)
  const result = await runChain({ ground, records, partitions, consumer, transactional, ...limits })
  const wrong = judgeChain(result, Math.ceil(records / partitions), transactional)
  const read = result.values.reduce((sum, one) => sum + one.length, 0)
  const { disturbances, errors } = result
  const seconds = Math.round((performance.now() - begun) / 1000)
  const found = `${disturbances} disturbances, ${errors.length} errors, ${wrong.length} wrong`
  console.log(`${name}: ${read} read, ${found}, ${seconds} s`)
  for (const line of [...wrong, ...errors.map(String)].slice(0, 20)) console.log(`  ${line}`)
  if (wrong.length > 0) process.exitCode = 1
}
