// DeleteShareGroupOffsets (key 92): deletes the start offsets of a share group. [pure: any thread]

import { array, errorCode, int32, message, string, uuid } from '../schema.ts'

/** DeleteShareGroupOffsets (KIP-932). */
export const DeleteShareGroupOffsetsRequest = message(
  'DeleteShareGroupOffsetsRequest',
  92,
  { versions: [0, 0], flexible: 0 },
  {
    groupId: string,
    topics: array({
      topicName: string,
    }),
  },
)

/** The answer to `DeleteShareGroupOffsetsRequest`. */
export const DeleteShareGroupOffsetsResponse = message(
  'DeleteShareGroupOffsetsResponse',
  92,
  { versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable().default(null),
    responses: array({
      topicName: string,
      topicId: uuid,
      errorCode: errorCode,
      errorMessage: string.nullable().default(null),
    }),
  },
)
