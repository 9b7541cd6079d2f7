// OffsetCommit (key 8): a group stores its positions. [pure: any thread]

import { array, duration, errorCode, int32, message, offset, string, uuid } from '../schema.ts'

/** OffsetCommit (KIP-320 epochs v6, KIP-345 static members v7, KIP-848 member epochs v9, KIP-516 topic ids v10). */
export const OffsetCommitRequest = message(
  'OffsetCommitRequest',
  8,
  { versions: [2, 10], flexible: 8 },
  {
    groupId: string,
    generationIdOrMemberEpoch: int32.default(-1),
    memberId: string,
    groupInstanceId: string.since(7).nullable().default(null),
    // -1: offsets.retention.minutes of the broker
    retentionTimeMs: duration.until(4).default(-1).ignorable(),
    topics: array({
      name: string.until(9).ignorable(),
      topicId: uuid.since(10).ignorable(),
      partitions: array({
        partitionIndex: int32,
        committedOffset: offset,
        committedLeaderEpoch: int32.since(6).default(-1).ignorable(),
        committedMetadata: string.nullable(),
      }),
    }),
  },
)

/** The answer to `OffsetCommitRequest`. */
export const OffsetCommitResponse = message(
  'OffsetCommitResponse',
  8,
  { versions: [2, 10], flexible: 8 },
  {
    throttleTimeMs: int32.since(3).ignorable(),
    topics: array({
      name: string.until(9).ignorable(),
      topicId: uuid.since(10).ignorable(),
      partitions: array({
        partitionIndex: int32,
        errorCode: errorCode,
      }),
    }),
  },
)
