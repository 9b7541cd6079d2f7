// DeleteRecords (key 21): moves the beginning of partitions forward. [pure: any thread]

import { array, errorCode, int32, message, offset, string } from '../schema.ts'

/** DeleteRecords (KIP-107). */
export const DeleteRecordsRequest = message(
  'DeleteRecordsRequest',
  21,
  { versions: [0, 2], flexible: 2 },
  {
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        // -1: the high watermark
        offset: offset,
      }),
    }),
    timeoutMs: int32,
  },
)

/** The answer to `DeleteRecordsRequest`. */
export const DeleteRecordsResponse = message(
  'DeleteRecordsResponse',
  21,
  { versions: [0, 2], flexible: 2 },
  {
    throttleTimeMs: int32,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        lowWatermark: offset,
        errorCode: errorCode,
      }),
    }),
  },
)
