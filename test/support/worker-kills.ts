// Kills workers with user code in every state: is anything lost, leaked or committed too early? [test]
import type { Worker } from 'node:worker_threads'
import { seededRandom } from '../../src/base/random.ts'
import type { Broker } from '../../src/broker/broker.ts'
import type { Order } from '../../src/index.ts'
import { Ledger } from '../../src/ring/ledger.ts'
import type { WorkerView } from '../../src/ring/worker-view.ts'
import { dyingModule, KillMarks } from './kill-marks.ts'
import { processorRun } from './processor-run.ts'

const PARTITIONS = 4
const WORKERS = 2
/** One in so many records ends the thread that has it. */
const ONE_IN = 60

export interface KillOptions {
  seed: number
  /** So many, and a few more. */
  kills: number
  order: Order
  codec: 'none' | 'lz4' | 'zstd'
}

export interface KillReport {
  kills: number
  /** Where user code was that killed itself; what the workers had when one was terminated from outside. */
  states: Record<string, number>
  lost: number
  /** Records that one life of a worker was given twice. */
  twice: number
  /** Records begun more often than their worker was started. */
  tooOften: number
  committedTooEarly: number
  committed: number[]
  /** Held when all was over. */
  left: number[]
  /** From the exit of a thread to the first batch in its replacement, ms, rising. */
  servingMs: number[]
}

export async function killWorkers({ seed, kills, order, codec }: KillOptions): Promise<KillReport> {
  // User code kills itself at about two thirds of the points that the seed chose; the rest is terminated from here.
  const each = Math.ceil((kills * ONE_IN * 0.6) / PARTITIONS / 10) * 10
  const marks = new KillMarks(PARTITIONS, each)
  const watch = new Watch(seed, kills, marks)
  const result = await processorRun({
    ...{ module: dyingModule(seed, each, ONE_IN), partitions: PARTITIONS, records: each * PARTITIONS },
    ...{ batchRecords: 10, workers: WORKERS, codec, limitMs: 20_000 + kills * 2_000, marks: marks.words },
    consumer: { autoCommitIntervalMs: 20, maxPartitionFetchBytes: 2_000 },
    options: {
      ...{ order, concurrency: 4 },
      onError: { retries: 1_000_000, backoffMs: 1 },
      resourceLimits: { maxOldGenerationSizeMb: 24 },
    },
    prepare: (broker) => watch.commits(broker),
    onProgress: (_, threads, workers) => watch.look(threads, workers),
  })
  let [lost, tooOften] = [0, 0]
  for (let partition = 0; partition < PARTITIONS; partition++) {
    for (let offset = 0; offset < each; offset++) {
      if (marks.processed(partition, offset) === 0) lost++
      if (marks.begun(partition, offset) > 1 + result.replaced) tooOften++
    }
  }
  return {
    ...{ kills: result.replaced, lost, tooOften, twice: marks.twice, committed: result.committed, left: result.left },
    states: { ...marks.kills, ...watch.states },
    committedTooEarly: watch.committedTooEarly,
    servingMs: watch.servingMs(result.notes),
  }
}

class Watch {
  committedTooEarly = 0
  readonly states: Record<string, number> = {}
  readonly #random: ReturnType<typeof seededRandom>
  readonly #kills: number
  readonly #marks: KillMarks
  readonly #exits: { threadId: number; at: number }[] = []
  readonly #known = new WeakSet<Worker>()
  readonly #ended = new WeakSet<Worker>()
  readonly #checkedUpTo: number[] = Array(PARTITIONS).fill(0)
  #done = 0

  constructor(seed: number, kills: number, marks: KillMarks) {
    this.#random = seededRandom(seed)
    this.#kills = kills
    this.#marks = marks
  }

  /** What the broker is told: everything before it is processed, or it is too early. */
  commits(broker: Broker): void {
    broker.on('OffsetCommit', ({ topics }) => {
      for (const { partitions } of topics) {
        for (const { partitionIndex: partition, committedOffset } of partitions) {
          let offset = this.#checkedUpTo[partition]!
          while (offset < committedOffset && this.#marks.processed(partition, offset) > 0) offset++
          this.#checkedUpTo[partition] = offset
          if (offset < committedOffset) this.committedTooEarly++
        }
      }
      return undefined
    })
  }

  /** Now and then ends a thread, and notes what it had. */
  look(threads: Worker[], workers: readonly WorkerView[]): void {
    for (const thread of threads) {
      if (this.#known.has(thread)) continue
      this.#known.add(thread)
      const { threadId } = thread
      thread.once('exit', () => {
        this.#done++
        this.#exits.push({ threadId, at: performance.timeOrigin + performance.now() })
      })
    }
    if (!this.#marks.inUse || this.#done >= this.#kills || this.#random.next() > 0.15) return
    const thread = threads[Math.floor(this.#random.next() * threads.length)]
    if (thread === undefined || this.#ended.has(thread)) return
    this.#ended.add(thread)
    for (const worker of workers) this.#note(worker)
    void thread.terminate()
  }

  servingMs(notes: unknown[]): number[] {
    const serving: { worker: number; at: number }[] = []
    const workerOf = new Map<number, number>()
    for (const note of notes as { born?: number; threadId: number; serving: number; at?: number }[]) {
      if (note.born !== undefined) workerOf.set(note.threadId, note.born)
      else if (note.at !== undefined) serving.push({ worker: note.serving, at: note.at })
    }
    return serving
      .flatMap(({ worker, at }) => {
        const exits = this.#exits.filter((exit) => workerOf.get(exit.threadId) === worker && exit.at <= at)
        return exits.length === 0 ? [] : [at - Math.max(...exits.map((exit) => exit.at))]
      })
      .sort((a, b) => a - b)
  }

  #note(worker: WorkerView): void {
    const ledger = new Ledger(worker)
    const count = (state: string, so: boolean) => {
      if (so) this.states[state] = (this.states[state] ?? 0) + 1
    }
    const running = ledger.running().length
    count('terminated, queued in its ring', worker.toWorker.tail !== worker.toWorker.head)
    count('terminated, taken or decoding', ledger.left().length > running)
    count('terminated, running', running > 0)
    count('terminated, reported and not read', worker.toMain.tail !== worker.toMain.head)
  }
}
