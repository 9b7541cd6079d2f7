// A topic and its partitions. [broker]
import { PartitionLog } from './log.ts'
import { configValue, MAX_LONG, type TopicConfigValues } from './topic-configs.ts'

/** Something that waits for a partition to change: a parked fetch. */
export interface Waiter {
  /** The partition has `bytes` more to give, or, with none, another leader, another start, or no topic any more. */
  changed(bytes: number): void
}

/** One partition, led by one node; all nodes see the same log. */
export interface Partition {
  readonly topic: Topic
  readonly index: number
  readonly log: PartitionLog
  leader: number
  leaderEpoch: number
  readonly replicas: readonly number[]
  readonly waiters: Set<Waiter>
}

/** A topic; `id` is a uuid as Kafka prints it. */
export class Topic {
  readonly name: string
  readonly id: string
  readonly configs: TopicConfigValues
  readonly partitions: Partition[] = []
  /** Where the next seeded record without a key goes, modulo the count. */
  nextSeeded = 0

  constructor(name: string, id: string, configs: TopicConfigValues) {
    this.name = name
    this.id = id
    this.configs = configs
  }

  /** Adds a partition; the first replica leads it. */
  addPartition(replicas: readonly number[]): Partition {
    const partition: Partition = {
      topic: this,
      index: this.partitions.length,
      log: new PartitionLog(),
      leader: replicas[0]!,
      leaderEpoch: 0,
      replicas,
      waiters: new Set(),
    }
    partition.log.epochs.begin(partition.leaderEpoch, 0)
    this.partitions.push(partition)
    return partition
  }

  /** Brokers set the time of records themselves (`message.timestamp.type`). */
  get logAppendTime(): boolean {
    return configValue(this.configs, 'message.timestamp.type') === 'LogAppendTime'
  }

  /** The largest batch that is taken, with its header. */
  get maxMessageBytes(): number {
    return Number(configValue(this.configs, 'max.message.bytes'))
  }

  /** Only the newest record of each key is kept, so every record needs one. */
  get compacted(): boolean {
    return configValue(this.configs, 'cleanup.policy').includes('compact')
  }

  /** In-sync replicas that a write with acks all needs, where a partition has so many. */
  get minInSyncReplicas(): number {
    return Number(configValue(this.configs, 'min.insync.replicas'))
  }

  /** The times that records may have; without bounds where brokers set them. */
  timestampRange(now: number): { before: number; after: number } {
    if (this.logAppendTime) return { before: -Infinity, after: Infinity }
    const beforeMs = configValue(this.configs, 'message.timestamp.before.max.ms')
    const afterMs = Number(configValue(this.configs, 'message.timestamp.after.max.ms'))
    return { before: beforeMs === MAX_LONG ? -Infinity : now - Number(beforeMs), after: now + afterMs }
  }

  get replicationFactor(): number {
    return this.partitions[0]?.replicas.length ?? 1
  }
}
