// OffsetFetch, v1 to v10: what groups committed; several groups from v8 on (KIP-709), topic ids in v10. [broker]
import { ZERO_UUID } from '../../bytes/reader.ts'
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Cluster } from '../cluster.ts'
import type { Handler, RequestContext } from '../handler.ts'
import { coordinatorOf } from './find-coordinator.ts'

/** The first version with many groups. */
const GROUPS_SINCE = 8
/** The first version with topic ids. */
const TOPIC_IDS_SINCE = 10

interface WantedTopic {
  name: string
  topicId: string
  partitionIndexes: readonly number[]
}

interface TopicAnswer {
  name: string
  topicId: string
  partitions: {
    partitionIndex: number
    committedOffset: number
    committedLeaderEpoch: number
    metadata: string
    errorCode: number
  }[]
}

export const offsetFetch: Handler<'OffsetFetch'> = {
  handle(request, context) {
    return answerAll(request, context.version, (group, topics) => {
      if (coordinatorOf(context.cluster, group) !== context.node) return ErrorCode.NOT_COORDINATOR
      return fetchGroup(context, group, topics)
    })
  },

  refuse: (request, errorCode, { version }) => answerAll(request, version, () => errorCode),
}

/** Null topics: all for which the group committed. */
type FetchGroup = (group: string, topics: readonly WantedTopic[] | null) => TopicAnswer[] | number

function answerAll(
  request: RequestOf<'OffsetFetch'>,
  version: number,
  fetch: FetchGroup,
): ResponseInput<'OffsetFetch'> {
  if (version >= GROUPS_SINCE) {
    const groups = request.groups.map(({ groupId, topics }) => {
      const fetched = fetch(groupId, topics)
      return typeof fetched === 'number'
        ? { groupId, errorCode: fetched, topics: [] }
        : { groupId, errorCode: ErrorCode.NONE, topics: fetched }
    })
    return { groups }
  }
  const wanted = request.topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null
  const fetched = fetch(request.groupId, wanted)
  if (typeof fetched !== 'number') return { topics: fetched }
  // In v1 an error has no place but the partitions.
  const topics = (wanted ?? []).map(({ name, partitionIndexes }) => ({
    name,
    partitions: partitionIndexes.map((partitionIndex) => ({ ...nothing(partitionIndex), errorCode: fetched })),
  }))
  return { topics, errorCode: fetched }
}

function fetchGroup(
  { cluster, version }: RequestContext,
  group: string,
  wanted: readonly WantedTopic[] | null,
): TopicAnswer[] {
  const all = () =>
    cluster.offsets.topicsOf(group).map(({ topic, partitions }) => ({
      name: topic,
      topicId: cluster.topics.get(topic)?.id ?? ZERO_UUID,
      partitionIndexes: partitions,
    }))
  return (wanted ?? all()).map(({ name, topicId, partitionIndexes }) => {
    const byId = version >= TOPIC_IDS_SINCE ? cluster.topicById(topicId) : undefined
    const unknown = version >= TOPIC_IDS_SINCE && byId === undefined
    const topic = byId?.name ?? name
    const partitions = partitionIndexes.map((index) =>
      unknown ? { ...nothing(index), errorCode: ErrorCode.UNKNOWN_TOPIC_ID } : committed(cluster, group, topic, index),
    )
    return { name: topic, topicId, partitions }
  })
}

function committed(cluster: Cluster, group: string, topic: string, partitionIndex: number) {
  const stored = cluster.offsets.fetch(group, topic, partitionIndex)
  if (stored === undefined) return nothing(partitionIndex)
  const { offset, leaderEpoch, metadata } = stored
  return {
    partitionIndex,
    committedOffset: offset,
    committedLeaderEpoch: leaderEpoch,
    metadata,
    errorCode: ErrorCode.NONE,
  }
}

function nothing(partitionIndex: number) {
  return {
    partitionIndex,
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: '',
    errorCode: ErrorCode.NONE as number,
  }
}
