// ReadShareGroupState (key 84): a share-partition leader reads its state. [pure: any thread]

import { array, errorCode, int8, int16, int32, message, offset, string, uuid } from '../schema.ts'

/** ReadShareGroupState (KIP-932); sent between brokers. */
export const ReadShareGroupStateRequest = message(
  'ReadShareGroupStateRequest',
  84,
  { versions: [0, 0], flexible: 0 },
  {
    groupId: string,
    topics: array({
      topicId: uuid,
      partitions: array({
        partition: int32,
        leaderEpoch: int32,
      }),
    }),
  },
)

/** The answer to `ReadShareGroupStateRequest`. */
export const ReadShareGroupStateResponse = message(
  'ReadShareGroupStateResponse',
  84,
  { versions: [0, 0], flexible: 0 },
  {
    results: array({
      topicId: uuid,
      partitions: array({
        partition: int32,
        errorCode: errorCode,
        errorMessage: string.nullable().default(null),
        stateEpoch: int32,
        startOffset: offset,
        stateBatches: array({
          firstOffset: offset,
          lastOffset: offset,
          deliveryState: int8,
          deliveryCount: int16,
        }),
      }),
    }),
  },
)
