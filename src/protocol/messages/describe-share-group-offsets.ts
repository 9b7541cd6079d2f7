// DescribeShareGroupOffsets (key 90): the start offsets of share groups. [pure: any thread]

import { array, errorCode, int32, message, offset, quantity, string, uuid } from '../schema.ts'

/** DescribeShareGroupOffsets (KIP-932; KIP-1226 lag v1). */
export const DescribeShareGroupOffsetsRequest = message(
  'DescribeShareGroupOffsetsRequest',
  90,
  { versions: [0, 1], flexible: 0 },
  {
    groups: array({
      groupId: string,
      topics: array({
        topicName: string,
        partitions: array(int32),
      }).nullable(),
    }),
  },
)

/** The answer to `DescribeShareGroupOffsetsRequest`. */
export const DescribeShareGroupOffsetsResponse = message(
  'DescribeShareGroupOffsetsResponse',
  90,
  { versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32,
    groups: array({
      groupId: string,
      topics: array({
        topicName: string,
        topicId: uuid,
        partitions: array({
          partitionIndex: int32,
          startOffset: offset,
          leaderEpoch: int32,
          lag: quantity.since(1).default(-1).ignorable(),
          errorCode: errorCode,
          errorMessage: string.nullable().default(null),
        }),
      }),
      errorCode: errorCode,
      errorMessage: string.nullable().default(null),
    }),
  },
)
