// OffsetFetch, v1 to v10: what groups committed; several groups from v8 on (KIP-709), member epochs from v9 on
// (KIP-848), topic ids in v10. [broker]
import { ZERO_UUID } from '../../bytes/reader.ts'
import type { RequestOf, ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import { refuseCoordination } from '../groups/coordination.ts'
import type { Handler, RequestContext } from '../handler.ts'
import type { OffsetKey } from '../offset-store.ts'

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
    return answerAll(request, context.version, ({ groupId, memberId, memberEpoch, topics }) => {
      const refused = refuseCoordination(context, groupId)
      if (refused !== ErrorCode.NONE) return refused
      const errorCode = context.cluster.groups.get(groupId)?.refuseFetch(memberId, memberEpoch) ?? ErrorCode.NONE
      return errorCode === ErrorCode.NONE ? fetchGroup(context, groupId, topics, request.requireStable) : errorCode
    })
  },

  refuse: (request, errorCode, { version }) => answerAll(request, version, () => errorCode),
}

interface WantedGroup {
  groupId: string
  memberId: string | null
  memberEpoch: number
  /** Null: all for which the group committed. */
  topics: readonly WantedTopic[] | null
}

type FetchGroup = (wanted: WantedGroup) => TopicAnswer[] | number

function answerAll(
  request: RequestOf<'OffsetFetch'>,
  version: number,
  fetch: FetchGroup,
): ResponseInput<'OffsetFetch'> {
  if (version >= GROUPS_SINCE) {
    const groups = request.groups.map((group) => {
      const { groupId } = group
      const fetched = fetch(group)
      return typeof fetched === 'number'
        ? { groupId, errorCode: fetched, topics: [] }
        : { groupId, errorCode: ErrorCode.NONE, topics: fetched }
    })
    return { groups }
  }
  const wanted = request.topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null
  const fetched = fetch({ groupId: request.groupId, memberId: null, memberEpoch: -1, topics: wanted })
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
  requireStable: boolean,
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
    const partitions = partitionIndexes.map((partition) => {
      if (unknown) return { ...nothing(partition), errorCode: ErrorCode.UNKNOWN_TOPIC_ID }
      const key = { group, topic, partition }
      const unstable = requireStable && cluster.offsets.isPending(key)
      return unstable ? { ...nothing(partition), errorCode: ErrorCode.UNSTABLE_OFFSET_COMMIT } : committed(cluster, key)
    })
    return { name: topic, topicId, partitions }
  })
}

function committed({ offsets }: RequestContext['cluster'], { group, topic, partition }: OffsetKey) {
  const stored = offsets.fetch(group, topic, partition)
  if (stored === undefined) return nothing(partition)
  const { offset, leaderEpoch, metadata } = stored
  return {
    partitionIndex: partition,
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
