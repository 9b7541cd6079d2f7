// Committed offsets by group. [broker]

/** What a group committed for one partition. */
export interface CommittedOffset {
  offset: number
  leaderEpoch: number
  metadata: string
}

/** Offsets in memory; nothing expires. */
export class OffsetStore {
  readonly #groups = new Map<string, Map<string, Map<number, CommittedOffset>>>()

  commit(group: string, topic: string, partition: number, committed: CommittedOffset): void {
    const topics = this.#groups.get(group) ?? new Map<string, Map<number, CommittedOffset>>()
    this.#groups.set(group, topics)
    const partitions = topics.get(topic) ?? new Map<number, CommittedOffset>()
    topics.set(topic, partitions)
    partitions.set(partition, committed)
  }

  fetch(group: string, topic: string, partition: number): CommittedOffset | undefined {
    return this.#groups.get(group)?.get(topic)?.get(partition)
  }

  /** All topics and partitions for which the group committed. */
  topicsOf(group: string): { topic: string; partitions: number[] }[] {
    const topics = this.#groups.get(group) ?? new Map<string, Map<number, CommittedOffset>>()
    return [...topics].map(([topic, partitions]) => ({ topic, partitions: [...partitions.keys()] }))
  }

  /** A deleted topic takes its offsets along. */
  forgetTopic(topic: string): void {
    for (const topics of this.#groups.values()) topics.delete(topic)
  }
}
