// OffsetForLeaderEpoch (key 23): where a leader epoch ended, to find a truncated log. [pure: any thread]

import { array, errorCode, int32, message, offset, string } from '../schema.ts'

/** OffsetForLeaderEpoch (KIP-101, KIP-279, KIP-320 current epoch v2, KIP-320 replica id v3). */
export const OffsetForLeaderEpochRequest = message(
  'OffsetForLeaderEpochRequest',
  23,
  { versions: [2, 4], flexible: 4 },
  {
    // -1: a client
    replicaId: int32.since(3).default(-2).ignorable(),
    topics: array({
      topic: string,
      partitions: array({
        partition: int32,
        currentLeaderEpoch: int32.default(-1),
        leaderEpoch: int32,
      }),
    }),
  },
)

/** The answer to `OffsetForLeaderEpochRequest`. */
export const OffsetForLeaderEpochResponse = message(
  'OffsetForLeaderEpochResponse',
  23,
  { versions: [2, 4], flexible: 4 },
  {
    throttleTimeMs: int32,
    topics: array({
      topic: string,
      partitions: array({
        errorCode: errorCode,
        partition: int32,
        leaderEpoch: int32.default(-1),
        endOffset: offset.default(-1),
      }),
    }),
  },
)
