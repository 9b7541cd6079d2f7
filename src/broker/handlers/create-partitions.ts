// CreatePartitions, v0 to v3: a topic may only grow. [broker]
import type { RequestOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Cluster } from '../cluster.ts'
import type { Handler } from '../handler.ts'

export const createPartitions: Handler<'CreatePartitions'> = {
  handle(request, { cluster, node }) {
    const isController = node === cluster.controller
    return {
      results: request.topics.map((topic) => ({
        name: topic.name,
        ...(isController ? grow(cluster, topic, request.validateOnly) : { errorCode: ErrorCode.NOT_CONTROLLER }),
      })),
    }
  },

  refuse: (request, errorCode) => ({ results: request.topics.map(({ name }) => ({ name, errorCode })) }),
}

function grow(
  cluster: Cluster,
  { name, count, assignments }: RequestOf<'CreatePartitions'>['topics'][number],
  validateOnly: boolean,
): { errorCode: number; errorMessage?: string } {
  const topic = cluster.topics.get(name)
  if (topic === undefined) return { errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
  const now = topic.partitions.length
  if (count <= now || !cluster.hasRoomFor(count - now)) {
    const errorMessage = `The topic ${name} currently has ${now} partition(s); ${count} is not a possible increase.`
    return { errorCode: ErrorCode.INVALID_PARTITIONS, errorMessage }
  }
  const known = new Set(cluster.nodes.map(({ id }) => id))
  const replicas = assignments?.map(({ brokerIds }) => brokerIds)
  const sound = replicas?.every((ids) => ids.length > 0 && ids.every((id) => known.has(id)))
  if (replicas !== undefined && (replicas.length !== count - now || sound === false)) {
    const errorMessage = `${count - now} partition(s) need as many assignments to known brokers.`
    return { errorCode: ErrorCode.INVALID_REPLICA_ASSIGNMENT, errorMessage }
  }
  if (validateOnly) return { errorCode: ErrorCode.NONE }
  if (replicas === undefined) cluster.addPartitions(topic, count - now)
  else for (const ids of replicas) topic.addPartition(ids)
  return { errorCode: ErrorCode.NONE }
}
