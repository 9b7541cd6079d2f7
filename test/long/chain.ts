// Chains of groups, the long form: `node test/long/chain.ts [--records 500000] [--seed N] [--groups range,KIP-848]
// [--transactions]`. Prints a line a chain and exits with 1 when anything is wrong. [a process of its own]
import { parseArgs } from 'node:util'
import { chainGroups, judgeChain, runChain } from '../scenario/chain-run.ts'

const { values } = parseArgs({
  options: {
    records: { type: 'string', default: '500000' },
    seed: { type: 'string', default: String(Date.now() % 0x7fffffff) },
    groups: { type: 'string', default: Object.keys(chainGroups).join() },
    transactions: { type: 'boolean', default: false },
  },
})
const [records, seed] = [Number(values.records), Number(values.seed)]
const partitions = 8
console.log(`chains: --seed ${seed} --records ${records}${values.transactions ? ' --transactions' : ''}`)

for (const name of values.groups.split(',')) {
  const consumer = chainGroups[name]
  if (consumer === undefined) throw new Error(`--groups knows ${Object.keys(chainGroups).join()}, not ${name}`)
  const transactional = values.transactions
  const result = await runChain({ seed, records, partitions, consumer, transactional })
  const wrong = judgeChain(result, Math.ceil(records / partitions), transactional)
  const read = result.values.reduce((sum, one) => sum + one.length, 0)
  console.log(
    `${name}: ${read} read, ${result.disturbances} disturbances, ${result.errors.length} errors, ${wrong.length} wrong`,
  )
  for (const line of [...wrong, ...result.errors.map(String)].slice(0, 20)) console.log(`  ${line}`)
  if (wrong.length > 0) process.exitCode = 1
}
