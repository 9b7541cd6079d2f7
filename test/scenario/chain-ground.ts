// Where a chain of groups runs: in a simulation, on its clock and its seed. [simulation]
import type { Random } from '../../src/base/random.ts'
import type { Kafka, KafkaOptions } from '../../src/index.ts'
import { simulate } from '../../src/wiring/simulated.ts'
import { Lifeline } from '../support/lifeline.ts'

/** A client that is a process of its own. */
export interface ChainProcess {
  readonly kafka: Kafka
  /** Is not heard of any more. */
  die(): void
}

/** A record that goes down the chain. */
export interface ChainRecord {
  partition: number
  value: string
}

/** Offsets that a group has committed, as the broker knows them. */
export type CommitWatcher = (groupId: string, partition: number, offset: number) => void

/** What a chain needs of the world around it. */
export interface ChainGround extends AsyncDisposable {
  readonly random: Random
  createTopic(topic: string, partitions: number): Promise<void>
  /** Batches of `batchRecords`. */
  fill(topic: string, records: readonly ChainRecord[], batchRecords: number): Promise<void>
  process(options: Omit<KafkaOptions, 'brokers'>): ChainProcess
  /** Cuts every connection. */
  cut(): void
  /** Tells of what these groups commit, or have committed. */
  onCommit(groups: readonly string[], watcher: CommitWatcher): void
  note(what: string, ...details: (string | number)[]): void
  sleep(ms: number): Promise<void>
  /** Settles as the promise does; rejects when that takes longer. */
  until<T>(promise: Promise<T>, limitMs?: number): Promise<T>
}

const COPIES = 3

/** Three nodes of the embedded broker, in virtual time. */
export async function simulatedGround(seed: number): Promise<ChainGround> {
  const world = await simulate({ seed, brokers: COPIES, groups: { heartbeatIntervalMs: 500, sessionTimeoutMs: 6_000 } })
  return {
    random: world.random,
    createTopic: async (topic, partitions) => world.createTopic(topic, { partitions, replicationFactor: COPIES }),
    fill: (topic, records, batchRecords) => world.append(topic, records, { batchRecords }),
    process(options) {
      const lifeline = new Lifeline(world.network)
      const kafka = world.client(options, lifeline)
      const die = () => {
        lifeline.cut()
        // Nobody hears of it; its memory is free.
        kafka.close().catch(() => undefined)
      }
      return { kafka, die }
    },
    cut: () => world.network.cut(),
    onCommit(groups, watcher) {
      world.broker.on('OffsetCommit', ({ groupId, topics }) => {
        for (const { partitions } of groups.includes(groupId) ? topics : []) {
          for (const { partitionIndex, committedOffset } of partitions)
            watcher(groupId, partitionIndex, committedOffset)
        }
        return undefined
      })
    },
    note: (what, ...details) => world.note(what, ...details),
    sleep: (ms) => world.sleep(ms),
    until: (promise, limitMs) => world.until(promise, limitMs),
    [Symbol.asyncDispose]: () => world.close(),
  }
}
