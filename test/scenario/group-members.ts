// Members of a group that log what happens to them, for scenarios. [test processes]
import { expect, vi } from 'vitest'
import type { Consumer, ConsumerOptions, Kafka } from '../../src/index.ts'
import type { Ground } from '../support/grounds.ts'

/** The ways of sharing partitions out: the options that choose each. */
export const STRATEGIES = {
  'cooperative-sticky': {},
  range: { partitionAssignmentStrategy: 'range' },
  roundrobin: { partitionAssignmentStrategy: ['roundrobin'] },
  sticky: { partitionAssignmentStrategy: ['sticky'] },
  'KIP-848': { groupProtocol: 'consumer' },
} as const satisfies Record<string, ConsumerOptions>

/** Patience for what takes a rebalance or two. */
const PATIENCE = { timeout: 20_000, interval: 20 }

/** All members of one group, and what they processed together. */
export class MemberLog {
  readonly topic: string
  readonly groupId: string
  /** How often each record was processed, by `partition/offset`. */
  readonly seen = new Map<string, number>()
  /** Records that two handlers had at once, or whose partition was not their member's. */
  readonly wrong: string[] = []
  readonly #running = new Map<number, string>()
  readonly #ground: Pick<Ground, 'kafka'>
  /** Shared by those that do not bring their own. */
  #kafka: Kafka | undefined

  constructor(ground: Pick<Ground, 'kafka'>, topic: string) {
    this.#ground = ground
    this.topic = topic
    this.groupId = `group of ${topic}`
  }

  /** A member that runs a handler from now on. */
  join(name: string, options: ConsumerOptions = {}, kafka?: Kafka): LoggedMember {
    this.#kafka ??= this.#ground.kafka()
    return new LoggedMember(this, name, kafka ?? this.#kafka, options)
  }

  begin(name: string, partition: number, key: string): void {
    const other = this.#running.get(partition)
    if (other !== undefined) this.wrong.push(`${name} began ${key} while ${other} was at work`)
    this.#running.set(partition, `${name} with ${key}`)
  }

  end(partition: number, key: string): void {
    this.#running.delete(partition)
    this.seen.set(key, (this.seen.get(key) ?? 0) + 1)
  }

  /** Resolves when so many different records are processed. */
  async processed(count: number): Promise<void> {
    await vi.waitFor(() => expect(this.seen.size).toBe(count), PATIENCE)
  }

  /** Processed more than once. */
  get twice(): string[] {
    return [...this.seen].filter(([, times]) => times > 1).map(([key]) => key)
  }

  /** Resolves when every partition has one owner, each member as many as said, and their listeners were told of it. */
  async shared(members: LoggedMember[], counts: number[]): Promise<void> {
    const partitions = counts.reduce((a, b) => a + b, 0)
    await vi.waitFor(() => {
      expect(members.map((one) => one.owned.length).sort()).toEqual([...counts].sort())
      expect(new Set(members.flatMap((one) => one.owned)).size).toBe(partitions)
      expect(members.map((one) => one.told)).toEqual(members.map((one) => one.owned.sort()))
    }, PATIENCE)
  }
}

/** One member: its consumer runs a handler that takes a moment for each record. */
export class LoggedMember {
  readonly name: string
  readonly kafka: Kafka
  readonly consumer: Consumer
  /** `+0,1`, `-0`, `!0` for assigned, revoked, lost. */
  readonly events: string[] = []
  readonly errors: unknown[] = []
  readonly #run: Promise<void>

  constructor(log: MemberLog, name: string, kafka: Kafka, options: ConsumerOptions) {
    this.name = name
    this.kafka = kafka
    const note = (sign: string) => (partitions: { partition: number }[]) =>
      void this.events.push(sign + partitions.map(({ partition }) => partition).sort())
    this.consumer = kafka.consumer({
      groupId: log.groupId,
      topics: log.topic,
      autoOffsetReset: 'earliest',
      heartbeatIntervalMs: 100,
      heartbeatFloorMs: 100,
      rebalanceListener: { onAssigned: note('+'), onRevoked: note('-'), onLost: note('!') },
      ...options,
    })
    this.#run = this.consumer.run({
      concurrency: 4,
      eachRecord: async ({ partition, offset }) => {
        const key = `${partition}/${offset}`
        log.begin(name, partition, key)
        await new Promise((resolve) => setTimeout(resolve, 1))
        log.end(partition, key)
      },
    })
    this.#run.catch((error) => this.errors.push(error))
  }

  /** The partitions it has. */
  get owned(): number[] {
    return this.consumer.assignment().map(({ partition }) => partition)
  }

  /** The partitions that its listener knows of. */
  get told(): number[] {
    const told = new Set<number>()
    for (const event of this.events) {
      for (const one of event.slice(1).split(',').map(Number)) {
        if (event.startsWith('+')) told.add(one)
        else told.delete(one)
      }
    }
    return [...told].sort()
  }

  async leave(): Promise<void> {
    await this.consumer.close()
    await this.#run
  }

  /** Is gone from one moment to the next, without a word to the group. */
  async die(): Promise<void> {
    await (await this.kafka.engine()).close()
    await this.#run.catch(() => undefined)
  }
}

/** A topic with records `v0`, `v1`, … round and round over its partitions. */
export async function filledTopic(ground: Ground, name: string, partitions: number, count: number): Promise<string> {
  const topic = await ground.topic(name, partitions)
  await more(ground, topic, partitions, count)
  return topic
}

/** More records. */
export async function more(ground: Ground, topic: string, partitions: number, count: number): Promise<void> {
  const records = Array.from({ length: count }, (_, i) => ({ partition: i % partitions, value: `v${i}` }))
  await ground.produce(topic, records)
}
