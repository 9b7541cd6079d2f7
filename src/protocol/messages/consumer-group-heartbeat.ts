// ConsumerGroupHeartbeat (key 68): the one request of a member under the new group protocol. [pure: any thread]

import { array, errorCode, int32, message, string, struct, uuid } from '../schema.ts'

/** ConsumerGroupHeartbeat (KIP-848; KIP-1082 member id made by the client, and regular expressions v1). */
export const ConsumerGroupHeartbeatRequest = message(
  'ConsumerGroupHeartbeatRequest',
  68,
  { versions: [0, 1], flexible: 0 },
  {
    groupId: string,
    memberId: string,
    // 0: join, -1: leave, -2: a static member leaves for a while
    memberEpoch: int32,
    instanceId: string.nullable().default(null),
    rackId: string.nullable().default(null),
    // from here on, -1 and null mean: as in the last heartbeat
    rebalanceTimeoutMs: int32.default(-1),
    subscribedTopicNames: array(string).nullable().default(null),
    subscribedTopicRegex: string.since(1).nullable().default(null),
    serverAssignor: string.nullable().default(null),
    topicPartitions: array({
      topicId: uuid,
      partitions: array(int32),
    })
      .nullable()
      .default(null),
  },
)

/** The answer to `ConsumerGroupHeartbeatRequest`. */
export const ConsumerGroupHeartbeatResponse = message(
  'ConsumerGroupHeartbeatResponse',
  68,
  { versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable().default(null),
    memberId: string.nullable().default(null),
    memberEpoch: int32,
    heartbeatIntervalMs: int32,
    // null: as in the last answer
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
