// TxnOffsetCommit (key 28): stores positions of a group within a transaction. [pure: any thread]

import { array, errorCode, int16, int32, int64, message, offset, string } from '../schema.ts'

/** TxnOffsetCommit (KIP-98; KIP-320 epochs v2; KIP-447 group metadata v3; KIP-890 v5). */
export const TxnOffsetCommitRequest = message(
  'TxnOffsetCommitRequest',
  28,
  { versions: [0, 5], flexible: 3 },
  {
    transactionalId: string,
    groupId: string,
    producerId: int64,
    producerEpoch: int16,
    generationId: int32.since(3).default(-1),
    memberId: string.since(3),
    groupInstanceId: string.since(3).nullable().default(null),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        committedOffset: offset,
        committedLeaderEpoch: int32.since(2).default(-1).ignorable(),
        committedMetadata: string.nullable(),
      }),
    }),
  },
)

/** The answer to `TxnOffsetCommitRequest`. */
export const TxnOffsetCommitResponse = message(
  'TxnOffsetCommitResponse',
  28,
  { versions: [0, 5], flexible: 3 },
  {
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
