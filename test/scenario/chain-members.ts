// Groups that copy topic to topic, and their members, which leave and die. [simulation, or a process of its own]
import type { Batch } from '../../src/delivery/batch.ts'
import type { Consumer, ConsumerOptions, Producer } from '../../src/index.ts'
import type { ChainGround, ChainProcess } from './chain-ground.ts'

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
  readonly #ahead: Set<number>[]

  constructor(from: string, to: string, partitions: number) {
    this.from = from
    this.to = to
    this.groupId = `${from}-to-${to}`
    this.copied = new Array<number>(partitions).fill(0)
    this.#ahead = Array.from({ length: partitions }, () => new Set())
  }

  /** The records at these offsets of a partition are in the next topic. */
  stored(partition: number, offsets: readonly number[]): void {
    const ahead = this.#ahead[partition]!
    for (const offset of offsets) if (offset >= this.copied[partition]!) ahead.add(offset)
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
  readonly #work: ChainWork
  /** Where errors that ended a turn of its loop go. */
  readonly #errors: unknown[]
  readonly #process: ChainProcess
  readonly #consumer: Consumer
  readonly #producer: Producer
  #ending = false
  readonly running: Promise<void>

  constructor(ground: ChainGround, level: ChainLevel, work: ChainWork, errors: unknown[]) {
    this.name = `member-${made++}`
    this.level = level
    this.#work = work
    this.#errors = errors
    this.#process = ground.process({ clientId: this.name })
    const { kafka } = this.#process
    this.#consumer = kafka.consumer({
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
      if (!this.#ending) errors.push(error)
    })
    this.#producer = kafka.producer({
      deliveryTimeoutMs: 60_000,
      ...(work.transactional ? { transactionalId: this.name, transactionTimeoutMs: 5_000 } : {}),
    })
    level.members.add(this)
    this.running = this.#run(ground)
  }

  /** Finishes, commits and says goodbye. */
  async leave(): Promise<void> {
    this.#ending = true
    this.level.members.delete(this)
    await this.#consumer.close()
    await this.#producer.close()
    await this.running
    await this.#process.kafka.close()
  }

  /** Is not heard of any more. */
  die(): void {
    this.#ending = true
    this.level.members.delete(this)
    this.#process.die()
  }

  async #run(ground: ChainGround): Promise<void> {
    while (!this.#ending) {
      try {
        for await (const batch of this.#consumer.batches()) await this.#copy(batch, ground)
        return
      } catch (error) {
        if (this.#ending) return
        this.#errors.push(error)
        await ground.sleep(100)
      }
    }
  }

  async #copy(batch: Batch, ground: ChainGround): Promise<void> {
    const { partition } = batch
    await ground.sleep(ground.random.next() * WORK_MS_MAX)
    const records = Array.from(batch, ({ value }) => ({ topic: this.level.to, partition, value }))
    const offsets = Array.from(batch, ({ offset }) => offset)
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
    this.level.stored(partition, offsets)
  }
}
