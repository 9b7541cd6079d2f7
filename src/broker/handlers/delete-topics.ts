// DeleteTopics, v1 to v6: by name, or from v6 on by id (KIP-516). [broker]
import { ZERO_UUID } from '../../bytes/reader.ts'
import type { RequestOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Handler } from '../handler.ts'

interface Wanted {
  name: string | null
  topicId: string
}

export const deleteTopics: Handler<'DeleteTopics'> = {
  handle(request, { cluster, node, version }) {
    const responses = wantedTopics(request, version).map(({ name, topicId }) => {
      const answer = { name, topicId, errorCode: ErrorCode.NONE as number }
      if (node !== cluster.controller) return { ...answer, errorCode: ErrorCode.NOT_CONTROLLER }
      const topic = name === null ? cluster.topicById(topicId) : cluster.topics.get(name)
      if (topic === undefined) {
        const errorCode = name === null ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        return { ...answer, errorCode }
      }
      cluster.deleteTopic(topic)
      return { name: topic.name, topicId: topic.id, errorCode: ErrorCode.NONE }
    })
    return { responses }
  },

  refuse: (request, errorCode, { version }) => ({
    responses: wantedTopics(request, version).map((wanted) => ({ ...wanted, errorCode })),
  }),
}

function wantedTopics(request: RequestOf<'DeleteTopics'>, version: number): Wanted[] {
  if (version >= 6) return request.topics
  return request.topicNames.map((name) => ({ name, topicId: ZERO_UUID }))
}
