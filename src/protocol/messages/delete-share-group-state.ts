// DeleteShareGroupState (key 86): a group coordinator deletes the state of share partitions. [pure: any thread]

import { array, errorCode, int32, message, string, uuid } from '../schema.ts'

/** DeleteShareGroupState (KIP-932); sent between brokers. */
export const DeleteShareGroupStateRequest = message(
  'DeleteShareGroupStateRequest',
  86,
  { versions: [0, 0], flexible: 0 },
  {
    groupId: string,
    topics: array({
      topicId: uuid,
      partitions: array({
        partition: int32,
      }),
    }),
  },
)

/** The answer to `DeleteShareGroupStateRequest`. */
export const DeleteShareGroupStateResponse = message(
  'DeleteShareGroupStateResponse',
  86,
  { versions: [0, 0], flexible: 0 },
  {
    results: array({
      topicId: uuid,
      partitions: array({
        partition: int32,
        errorCode: errorCode,
        errorMessage: string.nullable().default(null),
      }),
    }),
  },
)
