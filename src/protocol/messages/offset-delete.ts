// OffsetDelete (key 47): deletes positions that a group stored. [pure: any thread]

import { array, errorCode, int32, message, string } from '../schema.ts'

/** OffsetDelete (KIP-496). */
export const OffsetDeleteRequest = message(
  'OffsetDeleteRequest',
  47,
  { versions: [0, 0] },
  {
    groupId: string,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
      }),
    }),
  },
)

/** The answer to `OffsetDeleteRequest`. */
export const OffsetDeleteResponse = message(
  'OffsetDeleteResponse',
  47,
  { versions: [0, 0] },
  {
    errorCode: errorCode,
    throttleTimeMs: int32,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: errorCode,
      }),
    }),
  },
)
