// What classic consumer groups carry as bytes in JoinGroup and SyncGroup, behind an int16 version. [pure: any thread]

import { array, bytes, int32, message, string } from '../schema.ts'

/**
 * What a member of a classic consumer group tells the leader (KIP-429 owned partitions v1, KIP-792 generation v2,
 * KIP-881 rack v3).
 */
export const ConsumerProtocolSubscription = message(
  'ConsumerProtocolSubscription',
  -1,
  { versions: [0, 3] },
  {
    topics: array(string),
    userData: bytes.nullable().default(null),
    ownedPartitions: array({
      topic: string,
      partitions: array(int32),
    })
      .since(1)
      .ignorable(),
    generationId: int32.since(2).default(-1).ignorable(),
    rackId: string.since(3).nullable().default(null).ignorable(),
  },
)

/** What the leader of a classic consumer group assigns to a member. */
export const ConsumerProtocolAssignment = message(
  'ConsumerProtocolAssignment',
  -1,
  { versions: [0, 3] },
  {
    assignedPartitions: array({
      topic: string,
      partitions: array(int32),
    }),
    userData: bytes.nullable().default(null),
  },
)
