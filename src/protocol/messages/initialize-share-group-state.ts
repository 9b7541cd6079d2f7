// InitializeShareGroupState (key 83): a group coordinator begins the state of share partitions. [pure: any thread]

import { array, errorCode, int32, message, offset, string, uuid } from '../schema.ts'

/** InitializeShareGroupState (KIP-932); sent between brokers. */
export const InitializeShareGroupStateRequest = message(
  'InitializeShareGroupStateRequest',
  83,
  { versions: [0, 0], flexible: 0 },
  {
    groupId: string,
    topics: array({
      topicId: uuid,
      partitions: array({
        partition: int32,
        stateEpoch: int32,
        startOffset: offset,
      }),
    }),
  },
)

/** The answer to `InitializeShareGroupStateRequest`. */
export const InitializeShareGroupStateResponse = message(
  'InitializeShareGroupStateResponse',
  83,
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
