// A processor written for one test, run over a topic of the embedded broker until everything is processed. [test]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Worker } from 'node:worker_threads'
import { Broker } from '../../src/broker/broker.ts'
import type { ConsumerOptions, RunProcessorOptions } from '../../src/index.ts'
import type { Memory } from '../../src/ring/memory.ts'
import type { WorkerView } from '../../src/ring/worker-view.ts'
import { Kafka } from '../../src/wiring/kafka.ts'

export interface ProcessorTest {
  /** Body of the module: has `report(batch)`, `note(anything)`; default export `async (batch, context) => {…}`. */
  module: string
  partitions?: number
  records?: number
  batchRecords?: number
  workers?: number
  codec?: 'none' | 'lz4' | 'zstd'
  options?: Omit<RunProcessorOptions, 'processor' | 'signal'>
  /** The run is ended then, done or not. */
  limitMs?: number
  extension?: 'mjs' | 'ts'
  /** On the test's own thread, like all other roles. */
  inline?: boolean
  /** Keys of the records; default: seven that alternate. */
  keyAt?(i: number): string | null
  valueAt?(i: number): string
  consumer?: ConsumerOptions
  /** Something to do with the broker before the run. */
  prepare?(broker: Broker): void
  /** Every few ms, with what is processed and the threads that run now. */
  onProgress?(done: number, threads: Worker[], workers: readonly WorkerView[]): void
  /** Given to modules that note 'marks?', and call `announce()` themselves. */
  marks?: Int32Array<SharedArrayBuffer>
}

export interface ProcessorResult {
  /** Offsets by partition, in the order user code had them, every attempt. */
  seen: number[][]
  replaced: number
  /** Held when all was over: segments fetched, decoded, bytes of slots, spill tokens, readers. */
  left: number[]
  floors: number[]
  /** What the group has, after the run. */
  committed: number[]
  /** Every commit that the broker was sent. */
  commits: [partition: number, offset: number][]
  notes: unknown[]
  /** What stands in topic 'dlq'. */
  letters: { partition: number; value: string; headers: Record<string, string> }[]
}

/** Rejects as the run does. */
export async function processorRun(test: ProcessorTest): Promise<ProcessorResult> {
  const { partitions = 4, records = 2_000, batchRecords = 50, workers = 2, codec = 'none' } = test
  const dir = mkdtempSync(join(tmpdir(), 'millrace-processor-'))
  const file = join(dir, `processor.${test.extension ?? 'mjs'}`)
  const name = `processor-test-${dir.slice(-6)}`
  writeFileSync(file, prelude(name, test.marks !== undefined) + test.module)
  const seen: number[][] = Array.from({ length: partitions }, () => [])
  const channel = new BroadcastChannel(name)
  const notes: unknown[] = []
  const watching = new Threads()
  channel.onmessage = (event: unknown) => {
    const { data } = event as { data: { ready: number } | { note: unknown } | { partition: number; offsets: number[] } }
    if ('ready' in data) watching.ready(data.ready)
    else if ('note' in data && data.note === 'marks?') channel.postMessage({ marks: test.marks })
    else if ('note' in data) notes.push(data.note)
    else seen[data.partition]!.push(...data.offsets)
  }
  const broker = await Broker.start({ port: 0 })
  broker.createTopic('events', { partitions })
  const items = Array.from({ length: records }, (_, i) => ({
    partition: i % partitions,
    key: test.keyAt === undefined ? `k${i % 7}` : test.keyAt(i),
    value: test.valueAt?.(i) ?? `v${i}`,
  }))
  await broker.seed('events', items, { batchRecords, codec })
  const commits: [partition: number, offset: number][] = []
  broker.on('OffsetCommit', ({ topics }) => {
    for (const one of topics) for (const of of one.partitions) commits.push([of.partitionIndex, of.committedOffset])
    return undefined
  })
  broker.createTopic('dlq', { partitions: 1 })
  test.prepare?.(broker)
  const threads = test.inline ? 'inline' : 'workers'
  const kafka = new Kafka({ brokers: [broker.address], bufferBytes: 4 * 1_048_576, threads })
  const fetching = { maxPartitionFetchBytes: 65_536, fetchMaxBytes: 1_048_576, fetchMaxWaitMs: 50 } as const
  const consumer = kafka.consumer({ groupId: 'g', autoOffsetReset: 'earliest', ...fetching, ...test.consumer })
  consumer.assign(seen.map((_, partition) => ({ topic: 'events', partition })))
  const over = new AbortController()
  let replaced = 0
  let memory: Memory | undefined
  let decoders = 0
  const processorsOf = (of: Memory | undefined) => of?.workers.slice(decoders) ?? []
  consumer.on('workerReplaced', () => replaced++)
  const looking = setInterval(() => {
    const done = consumer.stats().partitions.reduce((sum, { floor }) => sum + floor, 0)
    test.onProgress?.(done, watching.running, processorsOf(memory))
    if (done === records) over.abort()
  }, 2)
  try {
    await kafka.connect()
    const { memory: all } = await kafka.engine()
    memory = all
    decoders = all.workers.length
    watching.start()
    const signal = AbortSignal.any([over.signal, AbortSignal.timeout(test.limitMs ?? 20_000)])
    await consumer.run({ processor: pathToFileURL(file), workers, ...test.options, signal })
    const committed = (await consumer.committed()).map(({ offset }) => offset ?? 0)
    const floors = consumer.stats().partitions.map(({ floor }) => floor)
    const { words, layout } = all
    const slots = Array.from({ length: partitions }, (_, slot) => all.slotRaw(slot) + all.slotDecoded(slot))
    const decoded = all.workers.reduce((sum, { decode }) => sum + decode.heldSegments, 0)
    const tokens = words[layout.rawSpill]! + words[layout.decodeSpill]!
    const left = [all.fetch.heldSegments, decoded, slots.reduce((a, b) => a + b), tokens, all.readersOpen]
    await new Promise((resolve) => setTimeout(resolve, 20))
    const letters = (await broker.messages('dlq')).map(({ partition, value, headers }) => ({
      ...{ partition, value: String(value) },
      headers: Object.fromEntries([...headers].map(([name, text]) => [name, String(text)])),
    }))
    return { seen, replaced, left, floors, committed, commits, notes, letters }
  } finally {
    clearInterval(looking)
    watching.stop()
    channel.close()
    await kafka.close()
    await broker.close()
    rmSync(dir, { recursive: true })
  }
}

/** The threads that come and go. One is of use to a test once it has loaded its module. */
class Threads {
  readonly running: Worker[] = []
  readonly #starting: Worker[] = []
  readonly #came = (thread: Worker) => {
    this.#starting.push(thread)
    thread.once('exit', () => {
      if (this.running.includes(thread)) this.running.splice(this.running.indexOf(thread), 1)
    })
  }

  start(): void {
    process.on('worker', this.#came)
  }

  ready(threadId: number): void {
    const thread = this.#starting.find((one) => one.threadId === threadId)
    if (thread !== undefined) this.running.push(thread)
  }

  stop(): void {
    process.off('worker', this.#came)
  }
}

const prelude = (name: string, marks: boolean) => `
import { threadId } from 'node:worker_threads'
const channel = new BroadcastChannel(${JSON.stringify(name)})
channel.unref()
const announce = () => channel.postMessage({ ready: threadId })
${marks ? '' : 'announce()'}
const note = (note) => channel.postMessage({ note })
const report = (batch) => {
  const offsets = Array.from({ length: batch.count }, (_, i) => batch.offsetAt(i))
  channel.postMessage({ partition: batch.partition, offsets })
}
`
