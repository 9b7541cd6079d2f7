// DescribeProducers (key 61): the producers that a partition remembers. [pure: any thread]

import { array, errorCode, int32, int64, message, offset, string, timestamp } from '../schema.ts'

/** DescribeProducers (KIP-664). */
export const DescribeProducersRequest = message(
  'DescribeProducersRequest',
  61,
  { versions: [0, 0], flexible: 0 },
  {
    topics: array({
      name: string,
      partitionIndexes: array(int32),
    }),
  },
)

/** The answer to `DescribeProducersRequest`. */
export const DescribeProducersResponse = message(
  'DescribeProducersResponse',
  61,
  { versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: errorCode,
        errorMessage: string.nullable().default(null),
        activeProducers: array({
          producerId: int64,
          producerEpoch: int32,
          lastSequence: int32.default(-1),
          lastTimestamp: timestamp.default(-1),
          coordinatorEpoch: int32,
          currentTxnStartOffset: offset.default(-1),
        }),
      }),
    }),
  },
)
