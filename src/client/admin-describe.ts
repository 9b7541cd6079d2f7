// Topics described: partitions page by page where brokers can (KIP-966), and settings. [main thread]
import type { ResponseOf } from '../protocol/apis.ts'
import { type AdminCall, throwRefused } from './admin-call.ts'

/** A topic in a list. */
export interface ListedTopic {
  name: string
  id: string
  partitions: number
  /** It belongs to Kafka itself, like `__consumer_offsets`. */
  internal: boolean
}

/** One partition of a described topic; brokers by their ids, -1: none. */
export interface PartitionDescription {
  partition: number
  leader: number
  leaderEpoch: number
  replicas: number[]
  isr: number[]
  offline: number[]
}

/** A described topic. */
export interface TopicDescription extends Omit<ListedTopic, 'partitions'> {
  partitions: PartitionDescription[]
  /** All settings in force, when they were asked for; null where a value may not be seen. */
  configs?: Record<string, string | null>
}

type Answer = ResponseOf<'DescribeTopicPartitions'>
type TopicPage = Answer['topics'][number]
type MetadataTopic = ResponseOf<'Metadata'>['topics'][number]

/** The kind of a resource that is a topic. */
const TOPIC = 2

/** Partitions, leaders and replicas, in the order of the names. */
export async function describePartitions(call: AdminCall, names: readonly string[]): Promise<TopicDescription[]> {
  if (names.length === 0) return []
  const found = await call.newestOf(
    () => byPages(call, names),
    async () => (await call.metadata(names)).topics,
  )
  const topics = names.map((name) => found.filter((one) => one.name === name))
  throwRefused(
    'DescribeTopicPartitions',
    topics.map((pages) => pages[0]!),
  )
  return topics.map((pages) => {
    const { name, topicId, isInternal } = pages[0]!
    const partitions = pages.flatMap((page) => page.partitions as MetadataTopic['partitions'])
    return { name: name!, id: topicId, internal: isInternal, partitions: partitions.map(describe) }
  })
}

/** The settings in force of each topic. */
export async function describeConfigs(
  call: AdminCall,
  names: readonly string[],
): Promise<Map<string, Record<string, string | null>>> {
  if (names.length === 0) return new Map()
  const resources = names.map((resourceName) => ({ resourceType: TOPIC, resourceName, configurationKeys: null }))
  const { results } = await call.request('any', 'DescribeConfigs', { resources })
  throwRefused(
    'DescribeConfigs',
    results.map(({ resourceName: name, ...rest }) => ({ name, ...rest })),
  )
  return new Map(results.map(({ resourceName, configs }) => [resourceName, configValues(configs)]))
}

/** Settings as an object. */
export function configValues(
  configs: readonly { name: string; value: string | null }[],
): Record<string, string | null> {
  return Object.fromEntries(configs.map(({ name, value }) => [name, value]))
}

/** A topic with many partitions comes in several pages, each with its head. */
async function byPages(call: AdminCall, names: readonly string[]): Promise<TopicPage[]> {
  const topics = [...names].sort().map((name) => ({ name }))
  const pages: TopicPage[] = []
  for (let cursor: Answer['nextCursor'] = null; ; ) {
    // With a cursor, only what is left is asked for: brokers refuse topics before it.
    const left = topics.filter(({ name }) => cursor === null || name >= cursor.topicName)
    const answer: Answer = await call.request('any', 'DescribeTopicPartitions', { topics: left, cursor })
    pages.push(...answer.topics)
    if (answer.nextCursor === null) return pages
    cursor = answer.nextCursor
  }
}

function describe(found: MetadataTopic['partitions'][number]): TopicDescription['partitions'][number] {
  return {
    partition: found.partitionIndex,
    leader: found.leaderId,
    leaderEpoch: found.leaderEpoch,
    replicas: found.replicaNodes,
    isr: found.isrNodes,
    offline: found.offlineReplicas,
  }
}
