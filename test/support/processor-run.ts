// A processor written for one test, run over a topic of the embedded broker until everything is processed. [test]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Broker } from '../../src/broker/broker.ts'
import { type ProcessorRunPlan, runProcessor } from '../../src/client/run-processor.ts'
import { errorPolicy, type OnError } from '../../src/delivery/attempts.ts'
import { OffsetTracker } from '../../src/engine/offsets.ts'
import type { ProcessorPool } from '../../src/engine/processor-pool.ts'
import { Kafka } from '../../src/wiring/kafka.ts'

export interface ProcessorTest {
  /** Body of the module: has `report(batch)`; default export `async (batch, context) => {…}`. */
  module: string
  partitions?: number
  records?: number
  batchRecords?: number
  workers?: number
  codec?: 'none' | 'lz4'
  onError?: OnError
  order?: 'partition' | 'none'
  /** The run is ended then, done or not. */
  limitMs?: number
  extension?: 'mjs' | 'ts'
  resourceLimits?: { maxOldGenerationSizeMb: number }
  onStarted?(pool: ProcessorPool): void
  /** Every time something is processed, with what is. */
  onProgress?(done: number): void
}

export interface ProcessorResult {
  /** Offsets by partition, in the order user code had them, every attempt. */
  seen: number[][]
  replaced: number
  /** Held when all was over: segments fetched, decoded, bytes of slots, spill tokens, readers. */
  left: number[]
  floors: number[]
}

/** Rejects as the run does. */
export async function processorRun(test: ProcessorTest): Promise<ProcessorResult> {
  const { partitions = 4, records = 2_000, batchRecords = 50, workers = 2, codec = 'none' } = test
  const dir = mkdtempSync(join(tmpdir(), 'millrace-processor-'))
  const file = join(dir, `processor.${test.extension ?? 'mjs'}`)
  const name = `processor-test-${dir.slice(-6)}`
  writeFileSync(file, prelude(name) + test.module)
  const seen: number[][] = Array.from({ length: partitions }, () => [])
  const channel = new BroadcastChannel(name)
  channel.onmessage = (event: unknown) => {
    const { partition, offsets } = (event as { data: { partition: number; offsets: number[] } }).data
    seen[partition]!.push(...offsets)
  }
  const broker = await Broker.start({ port: 0 })
  broker.createTopic('events', { partitions })
  const items = Array.from({ length: records }, (_, i) => ({
    partition: i % partitions,
    key: `k${i % 7}`,
    value: `v${i}`,
  }))
  await broker.seed('events', items, { batchRecords, codec })
  const kafka = new Kafka({ brokers: [broker.address], bufferBytes: 4 * 1_048_576 })
  const engine = await kafka.engine()
  const ends = seen.map((_, partition) => items.filter((item) => item.partition === partition).length)
  const trackers = ends.map(() => new OffsetTracker({ epoch: 1, generation: 0, position: 0 }))
  const over = new AbortController()
  let replaced = 0
  const plan: ProcessorRunPlan = {
    engine,
    reader: READER,
    partitions: trackers.map((tracker, partition) => ({ topic: 'events', partition, tracker })),
    processor: pathToFileURL(file),
    workers,
    order: test.order ?? 'partition',
    policy: errorPolicy(test.onError ?? 'fail'),
    handlerTimeoutMs: undefined,
    graceMs: 1_000,
    onCorruptRecord: 'fail',
    resourceLimits: test.resourceLimits,
    signal: AbortSignal.any([over.signal, AbortSignal.timeout(test.limitMs ?? 20_000)]),
    onReplaced: () => void replaced++,
    onStarted: (pool) => test.onStarted?.(pool),
    onProgress: () => {
      const done = trackers.reduce((sum, { floor }) => sum + floor, 0)
      test.onProgress?.(done)
      if (done === records) over.abort()
    },
  }
  try {
    await runProcessor(plan)
    const { memory } = engine
    const { words, layout } = memory
    const slots = Array.from({ length: partitions }, (_, slot) => memory.slotRaw(slot) + memory.slotDecoded(slot))
    const decoded = memory.workers.reduce((sum, { decode }) => sum + decode.heldSegments, 0)
    const tokens = words[layout.rawSpill]! + words[layout.decodeSpill]!
    const left = [memory.fetch.heldSegments, decoded, slots.reduce((a, b) => a + b), tokens, memory.readersOpen]
    await new Promise((resolve) => setTimeout(resolve, 20))
    return { seen, replaced, left, floors: trackers.map(({ floor }) => floor) }
  } finally {
    channel.close()
    await kafka.close()
    await broker.close()
    rmSync(dir, { recursive: true })
  }
}

const READER = {
  fetchMinBytes: 1,
  fetchMaxBytes: 1_048_576,
  maxPartitionFetchBytes: 65_536,
  fetchMaxWaitMs: 50,
  isolationLevel: 'read_committed',
  autoOffsetReset: 'earliest',
  checkCrcs: true,
  clientRack: '',
} as const

const prelude = (name: string) => `
const channel = new BroadcastChannel(${JSON.stringify(name)})
channel.unref()
const report = (batch) => {
  const offsets = Array.from({ length: batch.count }, (_, i) => batch.offsetAt(i))
  channel.postMessage({ partition: batch.partition, offsets })
}
`
