// A Fetch request's body, from what the session wants to say. [I/O thread]
import type { ReaderSettings } from '../control/commands.ts'
import type { RequestInput } from '../protocol/apis.ts'
import type { FetchItem, SessionRequest } from './fetch-session.ts'

/** The body: partitions by topic, in the order the session names them. */
export function fetchBody(
  request: SessionRequest,
  settings: ReaderSettings,
  maxBytes: number,
  maxWaitMs: number,
): RequestInput<'Fetch'> {
  return {
    maxWaitMs,
    minBytes: settings.fetchMinBytes,
    maxBytes,
    rackId: settings.clientRack,
    isolationLevel: settings.isolationLevel === 'read_committed' ? 1 : 0,
    sessionId: request.sessionId,
    sessionEpoch: request.sessionEpoch,
    topics: byTopic(request.items, (item) => ({
      partition: item.partition,
      currentLeaderEpoch: item.leaderEpoch,
      fetchOffset: item.position,
      partitionMaxBytes: item.maxBytes,
    })),
    forgottenTopicsData: byTopic(request.forgotten, (item) => item.partition),
  }
}

/** Entries under their topics, in the order in which topics first appear; by id where there is one. */
function byTopic<T>(items: FetchItem[], entry: (item: FetchItem) => T) {
  const topics = new Map<string, { topic?: string; topicId?: string; partitions: T[] }>()
  for (const item of items) {
    const { topic, topicId } = item
    const key = topicId ?? topic
    const group = topics.get(key) ?? { ...(topicId === undefined ? { topic } : { topicId }), partitions: [] }
    group.partitions.push(entry(item))
    topics.set(key, group)
  }
  return [...topics.values()]
}
