// A topic that grows and is read to the last record under a storm, in a simulation: the claim of several tests. [test]
import type { KafkaClient } from '../../src/client/kafka.ts'
import type { KafkaOptions } from '../../src/client/options.ts'
import { type Simulation, type SimulationOptions, simulate } from '../../src/wiring/simulated.ts'
import { SimulatedWriter } from './simulated-writer.ts'

const TOPIC = 'events'
const PARTITIONS = 4
/** When the storm is over everything must have come in this time: the longest time-out of a request, and some. */
const CATCH_UP_MS_MAX = 60_000

/** How long the storm lasts, and over what. */
export interface StormyRead extends SimulationOptions {
  stormMs: number
  /** The mean pause between two appends. */
  appendEveryMs: number
  client?: KafkaOptions
}

/** What came of it. */
export interface StormyReadResult {
  hash: string
  /** How much went into the hash. */
  happenings: number
  records: number
  /** From the end of the storm to the last record. */
  catchUpMs: number
}

/** Reads while it is appended to; fails when a record is lost, comes twice, out of order, wrong, or not in time. */
export async function readThroughStorm(options: StormyRead): Promise<StormyReadResult> {
  const world = await simulate(options)
  const { brokers = 1, stormMs, appendEveryMs } = options
  world.createTopic(TOPIC, { partitions: PARTITIONS, replicationFactor: brokers })
  // Little room, so that it is short now and then; patience for several outages in a row.
  const kafka = world.client({ bufferBytes: 4_194_304, defaultApiTimeoutMs: 300_000, ...options.client })
  await world.until(kafka.connect())
  const settings = { topic: TOPIC, partitions: PARTITIONS, everyMs: appendEveryMs, forMs: stormMs }
  const writer = new SimulatedWriter(world, settings)
  const reader = new CheckedReader(world, kafka, writer)
  const reading = reader.run()
  world.startStorm()
  await world.until(Promise.race([world.sleep(stormMs), reading]))
  world.stopStorm()
  const stormEndMs = world.clock.now()
  await world.until(reading, CATCH_UP_MS_MAX)
  const catchUpMs = world.clock.now() - stormEndMs
  const { memory } = await kafka.engine()
  await world.close()
  const held = [memory.fetch.held(0), memory.workers[0]!.decode.held(0)]
  const left = [...held, world.broker.connectionCount, world.clock.pendingCount]
  check(world, left.join() === '0,0,0,0', `left over: segments fetched, decoded, connections, timers: ${left}`)
  check(world, world.broker.errors.length === 0, `faults of the broker itself: ${world.broker.errors}`)
  check(world, reader.count === writer.visibleCount, `${reader.count} records came of ${writer.visibleCount}`)
  return { hash: world.trace.hash, happenings: world.trace.count, records: reader.count, catchUpMs }
}

/** Reads in each of the three ways in turn, and leaves a loop now and then to go on with another. */
class CheckedReader {
  count = 0
  readonly #world: Simulation
  readonly #kafka: KafkaClient
  readonly #writer: SimulatedWriter
  /** The offset after the last record, by partition. */
  readonly #next = Array.from({ length: PARTITIONS }, () => 0)

  constructor(world: Simulation, kafka: KafkaClient, writer: SimulatedWriter) {
    this.#world = world
    this.#kafka = kafka
    this.#writer = writer
  }

  async run(): Promise<void> {
    const iteration = this.#kafka.iterate(TOPIC, { until: 'never', idleMs: 700 })
    while (!this.#finished) {
      const until = this.count + this.#below(10_000)
      const leave = () => this.#finished || this.count > until
      const way = this.#below(3)
      this.#world.note('loop', way)
      if (way === 0) {
        for await (const record of iteration) {
          if (record !== undefined) this.#take(record.partition, record.offset, record.value)
          if (leave()) break
          await this.#dawdle(0.001)
        }
      } else if (way === 1) {
        for await (const batch of iteration.batches()) {
          for (let i = 0; i < (batch?.count ?? 0); i++) {
            batch.withValue(i, (value) => this.#take(batch.partition, batch.offsetAt(i), value))
          }
          if (leave()) break
          await this.#dawdle(0.05)
        }
      } else {
        while (!leave()) {
          const records = await iteration.poll({ max: 100, timeoutMs: 500 })
          for (const { partition, offset, value } of records) this.#take(partition, offset, value)
          await this.#dawdle(0.02)
        }
      }
    }
    await iteration.close()
  }

  get #finished(): boolean {
    const { over } = this.#writer
    return over && this.#next.every((offset, partition) => this.#writer.nextVisible(partition, offset) === undefined)
  }

  #take(partition: number, offset: number, value: Buffer | null): void {
    const expected = this.#writer.nextVisible(partition, this.#next[partition]!)
    check(this.#world, offset === expected, `${partition}:${offset} came, not ${expected}`)
    const mark = SimulatedWriter.mark(partition, offset)
    const start = value?.toString('utf8', 0, mark.length)
    check(this.#world, start === mark, `another record at ${partition}:${offset}: '${start}'`)
    this.#next[partition] = offset + 1
    this.count++
    this.#world.note('record', partition, offset)
  }

  /** A reader takes its time now and then, as long as more may come. */
  async #dawdle(chance: number): Promise<void> {
    if (!this.#writer.over && this.#world.random.next() < chance)
      await this.#world.sleep(this.#world.random.next() * 3_000)
  }

  #below(end: number): number {
    return Math.floor(end * this.#world.random.next())
  }
}

function check(world: Simulation, right: boolean, wrong: string): void {
  if (!right) throw new Error(`seed ${world.seed}, at ${world.clock.now()} ms: ${wrong}\n${world.trace.tail()}`)
}
