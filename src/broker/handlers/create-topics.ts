// CreateTopics, v2 to v7: counts or assignments, settings, validation only. [broker]
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { type Cluster, PARTITIONS_MAX, refuseTopicName, type TopicSpec } from '../cluster.ts'
import type { Handler } from '../handler.ts'
import { configEntries, refuseConfigs } from '../topic-configs.ts'

type TopicRequest = RequestOf<'CreateTopics'>['topics'][number]
type TopicAnswer = NonNullable<NonNullable<ResponseInput<'CreateTopics'>['topics']>[number]>
type Refusal = { errorCode: number; errorMessage: string }

/** Where a setting comes from, as the protocol numbers it. */
const DYNAMIC_TOPIC_CONFIG = 1
const DEFAULT_CONFIG = 5

export const createTopics: Handler<'CreateTopics'> = {
  handle(request, { cluster, node }) {
    if (node !== cluster.controller) return refuseAll(request, ErrorCode.NOT_CONTROLLER)
    const twice = new Set(request.topics.map(({ name }) => name).filter((name, i, all) => all.indexOf(name) !== i))
    const topics = request.topics.map((topic): TopicAnswer => {
      if (twice.has(topic.name)) {
        const errorMessage = `Duplicate topic name: ${topic.name}`
        return { name: topic.name, errorCode: ErrorCode.INVALID_REQUEST, errorMessage, configs: null }
      }
      const spec = specOf(cluster, topic)
      if ('errorCode' in spec) return { name: topic.name, ...spec, configs: null }
      return create(cluster, topic.name, spec, request.validateOnly)
    })
    return { topics }
  },

  refuse: refuseAll,
}

/** Why no topic of this name and these settings may be made, or undefined; `Broker.createTopic` asks as well. */
export function refuseTopic(cluster: Cluster, name: string, spec: TopicSpec): Refusal | undefined {
  const badName = refuseTopicName(name)
  if (badName !== undefined) return { errorCode: ErrorCode.INVALID_TOPIC_EXCEPTION, errorMessage: badName }
  if (cluster.topics.has(name)) {
    return { errorCode: ErrorCode.TOPIC_ALREADY_EXISTS, errorMessage: `Topic '${name}' already exists.` }
  }
  const badConfigs = refuseConfigs(spec.configs ?? {})
  if (badConfigs !== undefined) return { errorCode: ErrorCode.INVALID_CONFIG, errorMessage: badConfigs }
  return spec.assignments === undefined ? refuseCounts(cluster, spec) : refuseAssignments(cluster, spec.assignments)
}

function refuseCounts(cluster: Cluster, { partitions = 1, replicationFactor = 1 }: TopicSpec): Refusal | undefined {
  if (!Number.isInteger(partitions) || partitions < 1 || !cluster.hasRoomFor(partitions)) {
    return {
      errorCode: ErrorCode.INVALID_PARTITIONS,
      errorMessage: `Number of partitions must be at least 1, and at most ${PARTITIONS_MAX} of all topics together.`,
    }
  }
  const brokers = cluster.nodes.length
  if (replicationFactor >= 1 && replicationFactor <= brokers) return undefined
  return {
    errorCode: ErrorCode.INVALID_REPLICATION_FACTOR,
    errorMessage: `Replication factor: ${replicationFactor} larger than available brokers: ${brokers}.`,
  }
}

function refuseAssignments(cluster: Cluster, assignments: NonNullable<TopicSpec['assignments']>): Refusal | undefined {
  const known = new Set(cluster.nodes.map(({ id }) => id))
  const sound = assignments.every(
    (replicas) =>
      replicas.length > 0 && replicas.every((id) => known.has(id)) && new Set(replicas).size === replicas.length,
  )
  if (sound && cluster.hasRoomFor(assignments.length)) return undefined
  return {
    errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT,
    errorMessage: 'Each partition needs replicas, each of them a broker of this cluster and named once.',
  }
}

/** What the request asks for, or why it cannot be had. -1 stands for the broker's default (KIP-464). */
function specOf(cluster: Cluster, topic: TopicRequest): TopicSpec | Refusal {
  const configs = Object.fromEntries(
    topic.configs.flatMap(({ name, value }) => (value === null ? [] : [[name, value]])),
  )
  const { assignments } = topic
  const replicas = [...assignments]
    .sort((a, b) => a.partitionIndex - b.partitionIndex)
    .map(({ brokerIds }) => brokerIds)
  if (assignments.length > 0 && (topic.numPartitions !== -1 || topic.replicationFactor !== -1)) {
    const errorMessage = 'Replication factor and partitions must be -1 when assignments are given.'
    return { errorCode: ErrorCode.INVALID_REQUEST, errorMessage }
  }
  const spec: TopicSpec = {
    configs,
    partitions: topic.numPartitions === -1 ? cluster.defaultPartitions : topic.numPartitions,
    replicationFactor: topic.replicationFactor === -1 ? 1 : topic.replicationFactor,
    assignments: assignments.length === 0 ? undefined : replicas,
  }
  return refuseTopic(cluster, topic.name, spec) ?? spec
}

function create(cluster: Cluster, name: string, spec: TopicSpec, validateOnly: boolean): TopicAnswer {
  const topic = validateOnly ? undefined : cluster.createTopic(name, spec)
  const configs = configEntries(spec.configs ?? {}).map((entry) => ({
    name: entry.name,
    value: entry.value,
    readOnly: false,
    configSource: entry.isDefault ? DEFAULT_CONFIG : DYNAMIC_TOPIC_CONFIG,
    isSensitive: false,
  }))
  return {
    name,
    ...(topic === undefined ? {} : { topicId: topic.id }),
    errorMessage: null,
    numPartitions: spec.assignments?.length ?? spec.partitions ?? cluster.defaultPartitions,
    replicationFactor: spec.assignments?.[0]?.length ?? spec.replicationFactor ?? 1,
    configs,
  }
}

function refuseAll(request: RequestOf<'CreateTopics'>, errorCode: number): ResponseInput<'CreateTopics'> {
  return { topics: request.topics.map(({ name }) => ({ name, errorCode, errorMessage: null, configs: null })) }
}
