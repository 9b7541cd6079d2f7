// OffsetFetch (key 9): the positions that groups stored. [pure: any thread]

import { array, bool, errorCode, int32, message, offset, string, uuid } from '../schema.ts'

/**
 * OffsetFetch (KIP-88 all topics v2, KIP-447 stable offsets v7, KIP-709 many groups v8, KIP-848 member epochs v9,
 * KIP-516 topic ids v10).
 */
export const OffsetFetchRequest = message(
  'OffsetFetchRequest',
  9,
  { versions: [1, 10], flexible: 6 },
  {
    groupId: string.until(7),
    // null: every topic that the group has positions for
    topics: array({
      name: string,
      partitionIndexes: array(int32),
    })
      .until(7)
      .nullable(2),
    groups: array({
      groupId: string,
      memberId: string.since(9).nullable().default(null).ignorable(),
      memberEpoch: int32.since(9).default(-1).ignorable(),
      topics: array({
        name: string.until(9).ignorable(),
        topicId: uuid.since(10).ignorable(),
        partitionIndexes: array(int32),
      }).nullable(),
    }).since(8),
    // refuse positions that an open transaction may change (error 88)
    requireStable: bool.since(7),
  },
)

/** The answer to `OffsetFetchRequest`. */
export const OffsetFetchResponse = message(
  'OffsetFetchResponse',
  9,
  { versions: [1, 10], flexible: 6 },
  {
    throttleTimeMs: int32.since(3).ignorable(),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        committedOffset: offset,
        committedLeaderEpoch: int32.since(5).default(-1).ignorable(),
        metadata: string.nullable(),
        errorCode: errorCode,
      }),
    }).until(7),
    errorCode: errorCode.since(2).until(7).ignorable(),
    groups: array({
      groupId: string,
      topics: array({
        name: string.until(9).ignorable(),
        topicId: uuid.since(10).ignorable(),
        partitions: array({
          partitionIndex: int32,
          // -1: the group has none
          committedOffset: offset,
          committedLeaderEpoch: int32.default(-1),
          metadata: string.nullable(),
          errorCode: errorCode,
        }),
      }),
      errorCode: errorCode,
    }).since(8),
  },
)
