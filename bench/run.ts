// `npm run bench [-- --quick]`: reads and writes a real Kafka beside the rivals, and holds goals. [bench]
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import type { Results } from './results.ts'

const PARTS = ['consume', 'parse', 'paused', 'memory', 'first', 'scale', 'idle', 'produce', 'latency']
const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    built: { type: 'boolean', default: false },
    codecs: { type: 'string', default: 'none,gzip,snappy,lz4,zstd' },
    clients: { type: 'string' },
    only: { type: 'string', default: PARTS.join(',') },
    records: { type: 'string' },
    runs: { type: 'string' },
  },
})
const codecs = values.codecs.split(',')
const records = Number(values.records ?? (values.quick ? 1_000_000 : 4_000_000))
const runs = Number(values.runs ?? (values.quick ? 3 : 5))
const parts = values.only.split(',')
const unknown = parts.find((part) => !PARTS.includes(part))
if (unknown !== undefined) throw new Error(`--only ${unknown}: there are ${PARTS.join(', ')}`)

const here = new URL('./', import.meta.url)
if (!existsSync(new URL('node_modules/kafkajs', here))) {
  console.error('installing the rivals that bench/package.json pins')
  must('npm', ['install', '--prefix', here.pathname, '--no-package-lock', '--no-audit', '--no-fund'])
}
if (!values.built) must('npm', ['run', '--silent', 'build'])

// Only now: they load packages that the installation brought.
const { Json8Topics } = await import('./json8-topics.ts')
const { describeSetting, keep } = await import('./results.ts')
const { goalRows } = await import('./goals.ts')
const { markdown } = await import('./report.ts')

// So that what listens for `exit` ends the broker and the client that is being measured.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

const results: Results = { setting: describeSetting({ records, runs, codecs }), consume: [], memory: [] }
const topics = await Json8Topics.start(records)
try {
  await part('consume', async () => {
    const { consumeJson8 } = await import('./scenario/consume-json8.ts')
    await consumeJson8(topics, { codecs, runs }, (more) => {
      results.consume.push(...more)
      save()
    })
  })
  await part('parse', async () => {
    const { parseJson8 } = await import('./scenario/parse-json8.ts')
    results.parse = await parseJson8(topics, runs)
  })
  await part('paused', async () => {
    const { pausedReader } = await import('./scenario/paused-reader.ts')
    results.paused = await pausedReader(topics.brokers, await topics.topic('none'), runs)
  })
  await part('memory', async () => {
    const { defaultOptionsMemory } = await import('./scenario/default-options-memory.ts')
    for (const codec of codecs) results.memory.push(await defaultOptionsMemory(topics, codec, runs))
  })
  await part('first', async () => {
    const { firstRecord } = await import('./scenario/first-record.ts')
    results.first = await firstRecord(topics, 2 * runs + 1)
  })
  await part('scale', async () => {
    const { thousandPartitionsCpu } = await import('./scenario/thousand-partitions-cpu.ts')
    results.scale = await thousandPartitionsCpu(topics, runs)
  })
  await part('idle', async () => {
    const { idlePartitionsCpu } = await import('./scenario/idle-partitions-cpu.ts')
    results.idle = await idlePartitionsCpu(topics)
  })
  await part('produce', async () => {
    const { PRODUCE_CODECS, produceJson8 } = await import('./scenario/produce-json8.ts')
    const asked = codecs.filter((codec) => PRODUCE_CODECS.includes(codec))
    await produceJson8(topics, { codecs: asked, runs, clients: values.clients }, (more) => {
      results.produce = [...(results.produce ?? []), ...more]
      save()
    })
  })
  await part('latency', async () => {
    const { endToEndLatency } = await import('./scenario/end-to-end-latency.ts')
    results.latency = await endToEndLatency(topics, runs)
  })
} finally {
  await topics.stop()
}
console.log(save())

/** A part that fails costs its own figures only. */
async function part(name: string, run: () => Promise<void>): Promise<void> {
  if (!parts.includes(name)) return
  try {
    await run()
  } catch (error) {
    process.exitCode = 1
    console.error(`${name}:`, error)
  }
  save()
}

function save(): string {
  const report = markdown(results, goalRows(results))
  keep(results, report)
  return report
}

function must(command: string, args: string[]): void {
  const { status } = spawnSync(command, args, { cwd: new URL('../', here), stdio: ['ignore', 2, 2] })
  if (status !== 0) process.exit(1)
}
