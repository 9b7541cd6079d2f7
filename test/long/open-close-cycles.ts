// Opens, reads and closes again and again: memory must not grow, threads and handles must go. Long form: 1,000 cycles,
// `node --expose-gc test/long/open-close-cycles.ts [cycles] [workers|inline]`; in CI: test/scenario/open-close. [test]
import { readdirSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { BrokerThread } from '../../src/wiring/broker-thread.ts'
import { Kafka } from '../../src/wiring/kafka.ts'

const cycles = Number(process.argv[2] ?? 1_000)
const mode = (process.argv[3] ?? 'workers') as 'workers' | 'inline'
const BUFFER_BYTES = 4_194_304
/** RSS is looked at after so many cycles each time, garbage collected. */
const STRIDE = Math.max(1, Math.floor(cycles / 40))

if (globalThis.gc === undefined) throw new Error('start it with --expose-gc')
const broker = await BrokerThread.start()
await broker.seed(
  'read',
  Array.from({ length: 100 }, (_, i) => `value ${i}`),
  { batchRecords: 10 },
)

async function cycle(): Promise<void> {
  const kafka = new Kafka({ brokers: [broker.address], threads: mode, bufferBytes: BUFFER_BYTES })
  let records = 0
  for await (const record of kafka.iterate('read')) records += record.value!.length > 0 ? 1 : 0
  if (records !== 100) throw new Error(`read ${records} of 100 records`)
  await kafka.close()
}

const threadCount = () => readdirSync('/proc/self/task').length
const handles = () => process.getActiveResourcesInfo().sort().join(' ')

/** What is left when everything had time to go. */
async function settled(): Promise<{ rss: number; arrayBuffers: number; threads: number; handles: string }> {
  for (let i = 0; i < 5; i++) {
    await pause(20)
    globalThis.gc!()
  }
  const { rss, arrayBuffers } = process.memoryUsage()
  return { rss, arrayBuffers, threads: threadCount(), handles: handles() }
}

// What is made once: code, pools of libuv, heaps that have grown to their size.
for (let i = 0; i < cycles / 10; i++) await cycle()
const before = await settled()
const samples: [cycle: number, rss: number][] = []
for (let i = 1; i <= cycles; i++) {
  await cycle()
  if (i % STRIDE === 0) samples.push([i, (await settled()).rss])
}
const after = await settled()
await broker.close()
const slopeBytes = Math.round(slope(samples))
console.log(JSON.stringify({ cycles, slopeBytes, before, after }))

/** Bytes a cycle, by least squares. */
function slope(points: [x: number, y: number][]): number {
  const mean = (of: number[]) => of.reduce((sum, one) => sum + one, 0) / of.length
  const [x, y] = [mean(points.map(([at]) => at)), mean(points.map(([, rss]) => rss))]
  const sum = (value: (point: [x: number, y: number]) => number) => points.reduce((all, one) => all + value(one), 0)
  return sum(([at, rss]) => (at - x) * (rss - y)) / sum(([at]) => (at - x) ** 2)
}
