// Committed offsets by group, and those that an open transaction has yet to commit (KIP-98). [broker]

/** What a group committed for one partition. */
export interface CommittedOffset {
  offset: number
  leaderEpoch: number
  metadata: string
}

/** One partition of one topic, as a group names it. */
export interface OffsetKey {
  group: string
  topic: string
  partition: number
}

/** With its place in the order of all commits: as in Kafka the one that was written last counts. */
type Stored = CommittedOffset & { order: number }
type Pending = OffsetKey & { committed: Stored }

/** Offsets in memory; nothing expires. */
export class OffsetStore {
  readonly #groups = new Map<string, Map<string, Map<number, Stored>>>()
  /** By producer id, then by key: a transaction commits a partition once, or again. */
  readonly #pending = new Map<bigint, Map<string, Pending>>()
  #order = 0

  commit(group: string, topic: string, partition: number, committed: CommittedOffset): void {
    this.#store({ group, topic, partition, committed: { ...committed, order: this.#order++ } })
  }

  fetch(group: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#groups.get(group)?.get(topic)?.get(partition)
  }

  /** Keeps an offset until `endTransaction` of the producer. */
  commitInTransaction(producerId: bigint, key: OffsetKey, committed: CommittedOffset): void {
    const pending = this.#pending.get(producerId) ?? new Map<string, Pending>()
    this.#pending.set(producerId, pending)
    pending.set(nameOf(key), { ...key, committed: { ...committed, order: this.#order++ } })
  }

  /** Commits or drops what the producer's transaction holds; with `group` only the offsets of that group. */
  endTransaction(producerId: bigint, outcome: 'commit' | 'abort', group?: string): void {
    const pending = this.#pending.get(producerId)
    if (pending === undefined) return
    for (const [name, one] of pending) {
      if (group !== undefined && one.group !== group) continue
      pending.delete(name)
      if (outcome === 'commit') this.#store(one)
    }
    if (pending.size === 0) this.#pending.delete(producerId)
  }

  /** Whether an open transaction may still change the offset (UNSTABLE_OFFSET_COMMIT). */
  isPending(key: OffsetKey): boolean {
    const name = nameOf(key)
    return [...this.#pending.values()].some((pending) => pending.has(name))
  }

  /** All topics and partitions for which the group committed. */
  topicsOf(group: string): { topic: string; partitions: number[] }[] {
    const topics = this.#groups.get(group) ?? new Map<string, Map<number, Stored>>()
    return [...topics].map(([topic, partitions]) => ({ topic, partitions: [...partitions.keys()] }))
  }

  /** Deletes one offset. */
  forget({ group, topic, partition }: OffsetKey): void {
    const topics = this.#groups.get(group)
    topics?.get(topic)?.delete(partition)
    if (topics?.get(topic)?.size === 0) topics.delete(topic)
    this.#dropPending((key) => key.group === group && key.topic === topic && key.partition === partition)
  }

  /** A deleted group takes its offsets along. */
  forgetGroup(group: string): void {
    this.#groups.delete(group)
    this.#dropPending((key) => key.group === group)
  }

  /** A deleted topic takes its offsets along. */
  forgetTopic(topic: string): void {
    for (const topics of this.#groups.values()) topics.delete(topic)
    this.#dropPending((key) => key.topic === topic)
  }

  #store({ group, topic, partition, committed }: Pending): void {
    const topics = this.#groups.get(group) ?? new Map<string, Map<number, Stored>>()
    this.#groups.set(group, topics)
    const partitions = topics.get(topic) ?? new Map<number, Stored>()
    topics.set(topic, partitions)
    const before = partitions.get(partition)
    if (before === undefined || before.order < committed.order) partitions.set(partition, committed)
  }

  #dropPending(matches: (key: OffsetKey) => boolean): void {
    for (const pending of this.#pending.values()) {
      for (const [name, key] of pending) if (matches(key)) pending.delete(name)
    }
  }
}

function nameOf({ group, topic, partition }: OffsetKey): string {
  return `${topic}/${partition} of ${group}`
}
