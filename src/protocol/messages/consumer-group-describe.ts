// ConsumerGroupDescribe (key 69): state and members of groups under the new protocol. [pure: any thread]

import { array, bool, errorCode, int8, int32, message, string, struct, uuid } from '../schema.ts'

const assignment = {
  topicPartitions: array({
    topicId: uuid,
    topicName: string,
    partitions: array(int32),
  }),
}

/** ConsumerGroupDescribe (KIP-848; KIP-1099 member types v1). */
export const ConsumerGroupDescribeRequest = message(
  'ConsumerGroupDescribeRequest',
  69,
  { versions: [0, 1], flexible: 0 },
  {
    groupIds: array(string),
    includeAuthorizedOperations: bool,
  },
)

/** The answer to `ConsumerGroupDescribeRequest`. */
export const ConsumerGroupDescribeResponse = message(
  'ConsumerGroupDescribeResponse',
  69,
  { versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32,
    groups: array({
      errorCode: errorCode,
      errorMessage: string.nullable().default(null),
      groupId: string,
      groupState: string,
      groupEpoch: int32,
      assignmentEpoch: int32,
      assignorName: string,
      members: array({
        memberId: string,
        instanceId: string.nullable().default(null),
        rackId: string.nullable().default(null),
        memberEpoch: int32,
        clientId: string,
        clientHost: string,
        subscribedTopicNames: array(string),
        subscribedTopicRegex: string.nullable().default(null),
        assignment: struct(assignment),
        targetAssignment: struct(assignment),
        memberType: int8.since(1).default(-1).ignorable(),
      }),
      authorizedOperations: int32.default(-2147483648),
    }),
  },
)
