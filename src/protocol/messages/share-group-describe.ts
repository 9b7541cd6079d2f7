// ShareGroupDescribe (key 77): state and members of share groups. [pure: any thread]

import { array, bool, errorCode, int32, message, string, struct, uuid } from '../schema.ts'

/** ShareGroupDescribe (KIP-932). */
export const ShareGroupDescribeRequest = message(
  'ShareGroupDescribeRequest',
  77,
  { versions: [1, 1], flexible: 0 },
  {
    groupIds: array(string),
    includeAuthorizedOperations: bool,
  },
)

/** The answer to `ShareGroupDescribeRequest`. */
export const ShareGroupDescribeResponse = message(
  'ShareGroupDescribeResponse',
  77,
  { versions: [1, 1], flexible: 0 },
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
        rackId: string.nullable().default(null),
        memberEpoch: int32,
        clientId: string,
        clientHost: string,
        subscribedTopicNames: array(string),
        assignment: struct({
          topicPartitions: array({
            topicId: uuid,
            topicName: string,
            partitions: array(int32),
          }),
        }),
      }),
      authorizedOperations: int32.default(-2147483648),
    }),
  },
)
