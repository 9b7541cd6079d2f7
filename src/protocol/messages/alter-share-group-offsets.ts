// AlterShareGroupOffsets (key 91): sets the start offsets of a share group. [pure: any thread]

import { array, errorCode, int32, message, offset, string, uuid } from '../schema.ts'

/** AlterShareGroupOffsets (KIP-932). */
export const AlterShareGroupOffsetsRequest = message(
  'AlterShareGroupOffsetsRequest',
  91,
  { versions: [0, 0], flexible: 0 },
  {
    groupId: string,
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
        startOffset: offset,
      }),
    }),
  },
)

/** The answer to `AlterShareGroupOffsetsRequest`. */
export const AlterShareGroupOffsetsResponse = message(
  'AlterShareGroupOffsetsResponse',
  91,
  { versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable().default(null),
    responses: array({
      topicName: string,
      topicId: uuid,
      partitions: array({
        partitionIndex: int32,
        errorCode: errorCode,
        errorMessage: string.nullable().default(null),
      }),
    }),
  },
)
