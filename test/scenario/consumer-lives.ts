// A consumer that lives, fails, is stopped and comes again under a storm, and a judge of all it does. [test]
import type { Consumer } from '../../src/client/consumer.ts'
import type { RunOptions } from '../../src/client/run-options.ts'
import type { Order } from '../../src/delivery/lanes.ts'
import { type Simulation, simulate } from '../../src/wiring/simulated.ts'

const TOPIC = 'events'
const GROUP = 'ingest'
const PARTITIONS = 3
const KEYS = 6
const COMMIT_ERRORS = [14, 15, 16, 7]

/** What came of all lives. */
export interface LivesResult {
  records: number
  lives: number
  commits: number
  /** Records that were processed more than once, each with cause. */
  repeats: number
}

/** Lives follow each other while records are appended; afterwards one more reads on to the end. Throws at any wrong. */
export async function liveThroughStorm(seed: number, lives: number): Promise<LivesResult> {
  const world = await simulate({ seed, brokers: 1 + (seed % 2) })
  world.createTopic(TOPIC, { partitions: PARTITIONS, replicationFactor: 1 })
  const judge = new Judge(world)
  let appended = 0
  const append = (count: number) => {
    const records = Array.from({ length: count }, () => {
      const i = appended++
      return { partition: i % PARTITIONS, key: i % 7 === 0 ? null : `k${i % KEYS}`, value: `v${i}` }
    })
    world.append(TOPIC, records)
  }
  append(60)
  world.startStorm()
  for (let life = 0; life < lives; life++) {
    append(1 + Math.floor(world.random.next() * 80))
    await new Life(world, judge, life).live()
  }
  world.stopStorm()
  judge.faults = false
  await new Life(world, judge, lives).finish(appended)
  if (judge.completedCount !== appended) throw judge.wrong(`processed ${judge.completedCount} of ${appended}`)
  const { commits, repeats } = judge
  if (judge.committedSum() !== appended) throw judge.wrong(`committed ${judge.committedSum()} of ${appended}`)
  await world.close()
  return { records: appended, lives, commits, repeats }
}

/** Knows what was completed, and looks at every commit that reaches the broker. */
class Judge {
  readonly #world: Simulation
  readonly #completed = Array.from({ length: PARTITIONS }, () => new Set<number>())
  readonly #committed = Array.from({ length: PARTITIONS }, () => 0)
  faults = true
  commits = 0
  repeats = 0
  /** The first thing that was wrong: thrown inside a hook it would be lost. */
  #verdict: Error | undefined

  constructor(world: Simulation) {
    this.#world = world
    world.broker.on('OffsetCommit', ({ topics }) => {
      for (const { partitions } of topics) {
        for (const { partitionIndex, committedOffset } of partitions) this.#committing(partitionIndex, committedOffset)
      }
      return this.#fault(topics[0]!.partitions)
    })
  }

  get completedCount(): number {
    return this.#completed.reduce((sum, { size }) => sum + size, 0)
  }

  committedSum(): number {
    return this.#committed.reduce((sum, offset) => sum + offset, 0)
  }

  /** Where a life that begins now may begin, at the earliest. */
  committed(): number[] {
    return [...this.#committed]
  }

  complete(partition: number, offset: number): void {
    const done = this.#completed[partition]!
    if (done.has(offset)) this.repeats++
    done.add(offset)
  }

  wrong(what: string): Error {
    this.#verdict ??= new Error(`seed ${this.#world.seed}: ${what}`)
    return this.#verdict
  }

  check(): void {
    if (this.#verdict !== undefined) throw this.#verdict
  }

  #committing(partition: number, offset: number): void {
    this.commits++
    const done = this.#completed[partition]!
    let floor = 0
    while (done.has(floor)) floor++
    if (offset > floor) this.wrong(`a commit of ${TOPIC}[${partition}] at ${offset}, processed only up to ${floor}`)
  }

  #fault(partitions: { partitionIndex: number; committedOffset: number }[]) {
    const stored = () => {
      for (const { partitionIndex, committedOffset } of partitions) this.#committed[partitionIndex] = committedOffset
    }
    const draw = this.faults ? this.#world.random.next() : 1
    const code = COMMIT_ERRORS[Math.floor(this.#world.random.next() * COMMIT_ERRORS.length)]!
    if (draw < 0.1) return { errorCode: code }
    if (draw < 0.15) return { cut: 'before' as const }
    stored()
    return draw < 0.2 ? { cut: 'after' as const } : undefined
  }
}

/** One client with one consumer and one run. */
class Life {
  readonly #world: Simulation
  readonly #judge: Judge
  readonly #name: string
  readonly #order: Order
  readonly #from: number[]
  readonly #last = new Map<string, number>()
  readonly #running = new Set<string>()
  readonly #stop = new AbortController()
  #over = false

  constructor(world: Simulation, judge: Judge, number: number) {
    this.#world = world
    this.#judge = judge
    this.#name = `life ${number}`
    this.#order = (['partition', 'key', 'none'] as const)[number % 3]!
    this.#from = judge.committed()
  }

  /** Until it is stopped in one way or another. */
  async live(): Promise<void> {
    const { kafka, consumer } = this.#begin()
    const way = Math.floor(this.#world.random.next() * 4)
    const run = consumer.run(this.#options(0.03)).catch((error) => {
      // Closed: its last commit had no answer when the client was closed.
      if (!['HANDLER_FAILED', 'CLOSED'].includes(error.code)) this.#judge.wrong(`${this.#name}: ${error.stack}`)
    })
    await this.#world.until(this.#world.sleep(this.#world.random.next() * 30_000))
    if (way === 0) this.#stop.abort()
    if (way === 1) void consumer.close().catch(() => undefined)
    // As a crash: nothing that runs ever ends.
    if (way === 2) this.#over = true
    if (way !== 3) await this.#world.until(Promise.race([run, this.#world.sleep(5_000)]))
    await this.#world.until(kafka.close())
    this.#over = true
    await this.#world.until(run)
    this.#judge.check()
  }

  /** Until everything is processed, however many runs of one consumer that takes. */
  async finish(records: number): Promise<void> {
    const { kafka, consumer } = this.#begin()
    const done = () => consumer.stats().partitions.reduce((sum, { floor }) => sum + floor, 0) === records
    const runs = async () => {
      while (!this.#stop.signal.aborted) {
        await consumer.run(this.#options(0.03)).catch((error) => {
          if (error.code !== 'HANDLER_FAILED') throw error
        })
        this.#last.clear()
      }
    }
    const run = runs()
    for (let i = 0; i < 600 && !done(); i++) await this.#world.until(Promise.race([run, this.#world.sleep(100)]))
    if (!done()) throw this.#judge.wrong('not everything was processed')
    this.#stop.abort()
    await this.#world.until(run)
    await this.#world.until(kafka.close())
    this.#judge.check()
  }

  #begin() {
    const kafka = this.#world.client({ defaultApiTimeoutMs: 300_000 })
    const consumer: Consumer = kafka.consumer({
      groupId: GROUP,
      autoOffsetReset: 'earliest',
      autoCommitIntervalMs: 200,
    })
    consumer.assign(Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: TOPIC, partition })))
    return { kafka, consumer }
  }

  #options(failing: number): RunOptions<Buffer | null, Buffer | null> {
    const { random } = this.#world
    const common = { concurrency: 1 + Math.floor(random.next() * 8), signal: this.#stop.signal }
    const fails = () => {
      if (random.next() < failing) throw new Error('a handler fails')
    }
    const onError = random.next() < 0.5 ? ({ retries: 20, backoffMs: 5 } as const) : 'fail'
    if (this.#order !== 'key' && random.next() < 0.4) {
      const eachBatch: RunOptions<Buffer | null, Buffer | null> = {
        ...common,
        onError,
        order: this.#order,
        eachBatch: async (batch, { ack, attempt }) => {
          // What was not acknowledged before the failure comes again, from the first such record on.
          if (attempt > 1) this.#last.set(`partition ${batch.partition}`, batch.baseOffset)
          for (let i = 0; i < batch.count; i++) {
            await this.#handle(batch.partition, batch.offsetAt(i), null, () => fails())
            if (random.next() < 0.3) ack(i)
          }
        },
      }
      return eachBatch
    }
    return {
      ...common,
      onError,
      order: this.#order,
      eachRecord: ({ partition, offset, key }) => this.#handle(partition, offset, key, fails),
    }
  }

  /** Takes its time, and tells the judge. */
  async #handle(partition: number, offset: number, key: Buffer | null, fails: () => void): Promise<void> {
    const where = `${this.#name}, ${TOPIC}[${partition}] offset ${offset}`
    if (offset < this.#from[partition]!) this.#judge.wrong(`${where}: committed before this life began`)
    const lane = this.#laneOf(partition, key)
    if (lane !== undefined) {
      if (this.#running.has(lane)) this.#judge.wrong(`${where}: two of ${lane} at once`)
      if (offset < (this.#last.get(lane) ?? -1)) this.#judge.wrong(`${where}: after ${this.#last.get(lane)} of ${lane}`)
      this.#last.set(lane, offset)
      this.#running.add(lane)
    }
    try {
      await this.#world.sleep(this.#world.random.next() * 40)
      if (this.#over) await new Promise(() => {})
      fails()
      this.#judge.complete(partition, offset)
    } finally {
      if (lane !== undefined) this.#running.delete(lane)
    }
  }

  #laneOf(partition: number, key: Buffer | null): string | undefined {
    if (this.#order === 'partition') return `partition ${partition}`
    return this.#order === 'key' && key !== null ? `${key} of ${partition}` : undefined
  }
}
