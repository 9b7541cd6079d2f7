// Groups that copy topic to topic, as members of a simulation that join, leave and die. [simulation]
import type { Batch } from '../../src/delivery/batch.ts'
import type { Consumer, ConsumerOptions, Kafka, Producer } from '../../src/index.ts'
import type { Simulation } from '../../src/wiring/simulated.ts'
import { Lifeline } from '../support/lifeline.ts'

/** What the members of a chain do. */
export interface ChainWork {
  /** Of the groups' consumers: assignor or protocol. */
  consumer: ConsumerOptions
  /** Records and offsets in transactions. */
  transactional: boolean
}

/** From one topic to the next; what was stored of it is written down. */
export class ChainLevel {
  readonly from: string
  readonly to: string
  readonly groupId: string
  readonly members = new Set<ChainMember>()
  /** By partition: every record before this offset was copied. In a log without markers. */
  readonly copied: number[]
  /** By partition: the values that were copied. */
  readonly values: Set<number>[]
  readonly #ahead: Set<number>[]

  constructor(from: string, to: string, partitions: number) {
    this.from = from
    this.to = to
    this.groupId = `${from}-to-${to}`
    this.copied = new Array<number>(partitions).fill(0)
    this.#ahead = Array.from({ length: partitions }, () => new Set())
    this.values = Array.from({ length: partitions }, () => new Set())
  }

  /** These records of a partition are in the next topic. */
  stored(partition: number, records: Iterable<readonly [offset: number, value: number]>): void {
    const ahead = this.#ahead[partition]!
    for (const [offset, value] of records) {
      ahead.add(offset)
      this.values[partition]!.add(value)
    }
    while (ahead.delete(this.copied[partition]!)) this.copied[partition]!++
  }
}

let made = 0

/** What a batch costs: members must be met in the middle of their work. */
const WORK_MS_MAX = 400

/** One process: a consumer of the level's group and a producer. */
export class ChainMember {
  readonly name: string
  readonly level: ChainLevel
  /** Errors that ended a turn of its loop. */
  readonly errors: unknown[] = []
  readonly #work: ChainWork
  readonly #lifeline: Lifeline
  readonly #kafka: Kafka
  readonly #consumer: Consumer
  readonly #producer: Producer
  #ending = false
  readonly running: Promise<void>

  constructor(world: Simulation, level: ChainLevel, work: ChainWork) {
    this.name = `member-${made++}`
    this.level = level
    this.#work = work
    this.#lifeline = new Lifeline(world.network)
    this.#kafka = world.client({ clientId: this.name }, this.#lifeline)
    this.#consumer = this.#kafka.consumer({
      groupId: level.groupId,
      topics: [level.from],
      autoOffsetReset: 'earliest',
      sessionTimeoutMs: 6_000,
      heartbeatIntervalMs: 500,
      autoCommitIntervalMs: 300,
      fetchMaxWaitMs: 100,
      ...work.consumer,
    })
    this.#consumer.on('error', (error) => {
      if (!this.#ending) this.errors.push(error)
    })
    this.#producer = this.#kafka.producer({
      deliveryTimeoutMs: 60_000,
      ...(work.transactional ? { transactionalId: this.name, transactionTimeoutMs: 5_000 } : {}),
    })
    level.members.add(this)
    this.running = this.#run(world)
  }

  /** Finishes, commits and says goodbye. */
  async leave(): Promise<void> {
    this.#ending = true
    this.level.members.delete(this)
    await this.#consumer.close()
    await this.#producer.close()
    await this.running
  }

  /** Is not heard of any more. */
  die(): void {
    this.#ending = true
    this.level.members.delete(this)
    this.#lifeline.cut()
  }

  async #run(world: Simulation): Promise<void> {
    while (!this.#ending) {
      try {
        for await (const batch of this.#consumer.batches()) await this.#copy(batch, world)
        return
      } catch (error) {
        if (this.#ending) return
        this.errors.push(error)
        await world.sleep(100)
      }
    }
  }

  async #copy(batch: Batch, world: Simulation): Promise<void> {
    const { partition } = batch
    await world.sleep(world.random.next() * WORK_MS_MAX)
    const records = Array.from(batch, ({ value }) => ({ topic: this.level.to, partition, value }))
    const copied = Array.from(batch, ({ offset, value }) => [offset, Number(value)] as const)
    if (this.#work.transactional) {
      const tx = await this.#producer.beginTransaction()
      try {
        await tx.sendBatch(records)
        await tx.commitOffsets(batch)
        await tx.commit()
      } catch (error) {
        if (tx.isOpen) await tx.abort()
        throw error
      }
    } else await this.#producer.sendBatch(records)
    this.level.stored(partition, copied)
  }
}
