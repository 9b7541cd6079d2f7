// `npm run bench [-- --codecs none,lz4 --records 4000000 --runs 5]`: reads from real Kafka beside the rivals. [bench]
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'

const { values } = parseArgs({
  options: {
    codecs: { type: 'string', default: 'none' },
    records: { type: 'string', default: '4000000' },
    runs: { type: 'string', default: '5' },
  },
})
const here = new URL('./', import.meta.url)

if (!existsSync(new URL('node_modules/kafkajs', here))) {
  console.error('installing the rivals that bench/package.json pins')
  const install = ['install', '--prefix', here.pathname, '--no-package-lock', '--no-audit', '--no-fund']
  const { status } = spawnSync('npm', install, { stdio: ['ignore', 'ignore', 'inherit'] })
  if (status !== 0) process.exit(1)
}
spawnSync('npm', ['run', '--silent', 'build'], { stdio: 'inherit', cwd: new URL('../', here) })

const { consumeJson8 } = await import('./scenario/consume-json8.ts')
const { consumeTable, rateOf } = await import('./report.ts')
const results = await consumeJson8({
  codecs: values.codecs.split(','),
  records: Number(values.records),
  runs: Number(values.runs),
})
const table = consumeTable(results)
console.log(table)
for (const codec of values.codecs.split(',')) console.log(goals(codec))
const folder = new URL('results/local/', here)
mkdirSync(folder, { recursive: true })
writeFileSync(new URL('consume-json8.json', folder), JSON.stringify(results, null, 2))

/** What the first release has to show: three times kafkajs, and faster than Java. */
function goals(codec: string): string {
  const rate = (client: string) => {
    const result = results.find((one) => one.codec === codec && one.client === client)
    return result === undefined ? undefined : rateOf(result)
  }
  const ours = rate('millrace batches')!
  const check = (name: string, other: number | undefined, wanted: number) => {
    if (other === undefined) return `${codec}: ${name} cannot read it without a plug-in`
    const ratio = ours / other
    return `${codec}: ${ratio.toFixed(2)}x ${name}, wanted ${wanted}x: ${ratio >= wanted ? 'pass' : 'FAIL'}`
  }
  return [check('kafkajs', rate('kafkajs eachBatch'), 3), check('Java', rate('Java ConsumerPerformance'), 1)].join('\n')
}
