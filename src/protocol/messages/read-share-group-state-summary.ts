// ReadShareGroupStateSummary (key 87): the start offsets of share partitions. [pure: any thread]

import { array, errorCode, int32, message, offset, string, uuid } from '../schema.ts'

/** ReadShareGroupStateSummary (KIP-932; KIP-1226 v1); sent between brokers. */
export const ReadShareGroupStateSummaryRequest = message(
  'ReadShareGroupStateSummaryRequest',
  87,
  { versions: [0, 1], flexible: 0 },
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

/** The answer to `ReadShareGroupStateSummaryRequest`. */
export const ReadShareGroupStateSummaryResponse = message(
  'ReadShareGroupStateSummaryResponse',
  87,
  { versions: [0, 1], flexible: 0 },
  {
    results: array({
      topicId: uuid,
      partitions: array({
        partition: int32,
        errorCode: errorCode,
        errorMessage: string.nullable().default(null),
        stateEpoch: int32,
        leaderEpoch: int32,
        startOffset: offset,
        deliveryCompleteCount: int32.since(1).default(-1).ignorable(),
      }),
    }),
  },
)
