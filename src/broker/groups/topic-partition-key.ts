// A partition as one string, so that assignments are plain sets. [broker]

/** `<topic id>/<partition>`. */
export type PartitionKey = string

/** What requests and answers say: partitions by topic id. */
export interface TopicPartitions {
  topicId: string
  partitions: number[]
}

/** The key of one partition. */
export function partitionKey(topicId: string, partition: number): PartitionKey {
  return `${topicId}/${partition}`
}

/** The topic id in a key: base64url has no slash. */
export function topicIdOf(key: PartitionKey): string {
  return key.slice(0, key.indexOf('/'))
}

/** The keys of what a request says. */
export function keysOf(topics: readonly TopicPartitions[]): Set<PartitionKey> {
  return new Set(topics.flatMap(({ topicId, partitions }) => partitions.map((index) => partitionKey(topicId, index))))
}

/** The other way round; partitions in rising order. */
export function byTopic(keys: Iterable<PartitionKey>): TopicPartitions[] {
  const topics = new Map<string, number[]>()
  for (const key of keys) {
    const topicId = topicIdOf(key)
    const partitions = topics.get(topicId) ?? []
    topics.set(topicId, partitions)
    partitions.push(Number(key.slice(topicId.length + 1)))
  }
  return [...topics].map(([topicId, partitions]) => ({ topicId, partitions: partitions.sort((a, b) => a - b) }))
}
