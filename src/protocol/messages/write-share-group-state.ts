// WriteShareGroupState (key 85): a share-partition leader stores its state. [pure: any thread]

import { array, errorCode, int8, int16, int32, message, offset, string, uuid } from '../schema.ts'

/** WriteShareGroupState (KIP-932; KIP-1226 v1); sent between brokers. */
export const WriteShareGroupStateRequest = message(
  'WriteShareGroupStateRequest',
  85,
  { versions: [0, 1], flexible: 0 },
  {
    groupId: string,
    topics: array({
      topicId: uuid,
      partitions: array({
        partition: int32,
        stateEpoch: int32,
        leaderEpoch: int32,
        startOffset: offset,
        deliveryCompleteCount: int32.since(1).default(-1).ignorable(),
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

/** The answer to `WriteShareGroupStateRequest`. */
export const WriteShareGroupStateResponse = message(
  'WriteShareGroupStateResponse',
  85,
  { versions: [0, 1], flexible: 0 },
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
