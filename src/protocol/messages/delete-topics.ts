// DeleteTopics (key 20): deletes topics. [pure: any thread]

import { array, errorCode, int32, message, string, uuid } from '../schema.ts'

/** DeleteTopics (KIP-4; KIP-599 quota error v5; KIP-516 topic ids v6). */
export const DeleteTopicsRequest = message(
  'DeleteTopicsRequest',
  20,
  { versions: [1, 6], flexible: 4 },
  {
    topics: array({
      name: string.nullable().default(null),
      topicId: uuid,
    }).since(6),
    topicNames: array(string).until(5).ignorable(),
    timeoutMs: int32,
  },
)

/** The answer to `DeleteTopicsRequest`. */
export const DeleteTopicsResponse = message(
  'DeleteTopicsResponse',
  20,
  { versions: [1, 6], flexible: 4 },
  {
    throttleTimeMs: int32,
    responses: array({
      name: string.nullable(6),
      topicId: uuid.since(6).ignorable(),
      errorCode: errorCode,
      errorMessage: string.since(5).nullable().default(null).ignorable(),
    }),
  },
)
