// ShareGroupHeartbeat (key 76): the heartbeat of a member of a share group. [pure: any thread]

import { array, errorCode, int32, message, string, struct, uuid } from '../schema.ts'

/** ShareGroupHeartbeat (KIP-932). */
export const ShareGroupHeartbeatRequest = message(
  'ShareGroupHeartbeatRequest',
  76,
  { versions: [1, 1], flexible: 0 },
  {
    groupId: string,
    memberId: string,
    // 0: join, -1: leave
    memberEpoch: int32,
    rackId: string.nullable().default(null),
    subscribedTopicNames: array(string).nullable().default(null),
  },
)

/** The answer to `ShareGroupHeartbeatRequest`. */
export const ShareGroupHeartbeatResponse = message(
  'ShareGroupHeartbeatResponse',
  76,
  { versions: [1, 1], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable().default(null),
    memberId: string.nullable().default(null),
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    assignment: struct({
      topicPartitions: array({
        topicId: uuid,
        partitions: array(int32),
      }),
    })
      .nullable()
      .default(null),
  },
)
