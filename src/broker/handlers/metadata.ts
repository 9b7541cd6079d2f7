// Metadata, v0 to v13: brokers, topics by name or id (KIP-516), leaders with their epochs (KIP-320). [broker]
import { ZERO_UUID } from '../../bytes/reader.ts'
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { type Cluster, NO_LEADER, refuseTopicName } from '../cluster.ts'
import type { Handler, RequestContext } from '../handler.ts'
import type { Partition, Topic } from '../topic.ts'

type TopicAnswer = NonNullable<NonNullable<ResponseInput<'Metadata'>['topics']>[number]>
type Wanted = NonNullable<RequestOf<'Metadata'>['topics']>[number]

export const metadata: Handler<'Metadata'> = {
  handle(request, context) {
    const { cluster } = context
    const wanted = namedTopics(request, context)
    const topics =
      wanted === null
        ? [...cluster.topics.values()].map((topic) => describe(cluster, topic))
        : wanted.map((want) => find(cluster, want, request.allowAutoTopicCreation))
    return { ...clusterFields(cluster), topics }
  },

  refuse(request, errorCode, context) {
    const { cluster } = context
    const wanted =
      namedTopics(request, context) ?? [...cluster.topics.values()].map(({ name, id }) => ({ name, topicId: id }))
    const topics = wanted.map(({ name, topicId }) => failed(name, topicId, errorCode))
    return { ...clusterFields(cluster), topics }
  },
}

/** Null asks for all topics; in v0, which has no null, an empty list does. */
function namedTopics({ topics }: RequestOf<'Metadata'>, { version }: RequestContext): Wanted[] | null {
  return version === 0 && topics?.length === 0 ? null : topics
}

function clusterFields(cluster: Cluster): ResponseInput<'Metadata'> {
  const liveNodes = cluster.nodes.filter(({ live }) => live)
  return {
    brokers: liveNodes.map(({ id, host, port, rack }) => ({ nodeId: id, host, port, rack: rack ?? null })),
    clusterId: cluster.id,
    controllerId: cluster.controller.id,
  }
}

function find(cluster: Cluster, { name, topicId }: Wanted, mayCreate: boolean): TopicAnswer {
  if (name === null || topicId !== ZERO_UUID) {
    const byId = cluster.topicById(topicId)
    return byId === undefined ? failed(null, topicId, ErrorCode.UNKNOWN_TOPIC_ID) : describe(cluster, byId)
  }
  const topic = cluster.topics.get(name)
  if (topic !== undefined) return describe(cluster, topic)
  if (refuseTopicName(name) !== undefined) return failed(name, ZERO_UUID, ErrorCode.INVALID_TOPIC_EXCEPTION)
  if (mayCreate && cluster.autoCreateTopics) return describe(cluster, cluster.createTopic(name))
  return failed(name, ZERO_UUID, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
}

function failed(name: string | null, topicId: string, errorCode: number): TopicAnswer {
  return { errorCode, name, topicId, partitions: [] }
}

function describe(cluster: Cluster, topic: Topic): TopicAnswer {
  return {
    errorCode: ErrorCode.NONE,
    name: topic.name,
    topicId: topic.id,
    partitions: topic.partitions.map((partition) => describePartition(cluster, partition)),
  }
}

function describePartition(cluster: Cluster, partition: Partition) {
  const { index, leader, leaderEpoch, replicas } = partition
  const isrNodes = cluster.inSync(partition)
  return {
    errorCode: leader === NO_LEADER ? ErrorCode.LEADER_NOT_AVAILABLE : ErrorCode.NONE,
    partitionIndex: index,
    leaderId: leader,
    leaderEpoch,
    replicaNodes: [...replicas],
    isrNodes,
    offlineReplicas: replicas.filter((id) => !isrNodes.includes(id)),
  }
}
