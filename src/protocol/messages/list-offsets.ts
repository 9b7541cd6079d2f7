// ListOffsets (key 2): the offsets at a time, at the beginning and at the end. [pure: any thread]

import { array, errorCode, int8, int32, message, offset, string, timestamp } from '../schema.ts'

/**
 * ListOffsets (KIP-98 isolation v2, KIP-320 epochs v4, KIP-734 -3 v7, KIP-405 -4 v8, KIP-1005 -5 v9, KIP-1075 timeout
 * v10, KIP-1023 -6 v11).
 */
export const ListOffsetsRequest = message(
  'ListOffsetsRequest',
  2,
  { versions: [1, 11], flexible: 6 },
  {
    // -1: a client; 0 would be broker 0
    replicaId: int32,
    // 0: read_uncommitted, 1: read_committed
    isolationLevel: int8.since(2),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        currentLeaderEpoch: int32.since(4).default(-1).ignorable(),
        // -1: end, -2: beginning, -3: largest timestamp, -4: local log start, -5: last tiered, -6: first not tiered yet
        timestamp: timestamp,
      }),
    }),
    timeoutMs: int32.since(10).ignorable(),
  },
)

/** The answer to `ListOffsetsRequest`. */
export const ListOffsetsResponse = message(
  'ListOffsetsResponse',
  2,
  { versions: [1, 11], flexible: 6 },
  {
    throttleTimeMs: int32.since(2).ignorable(),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: errorCode,
        timestamp: timestamp.default(-1),
        offset: offset.default(-1),
        leaderEpoch: int32.since(4).default(-1),
      }),
    }),
  },
)
