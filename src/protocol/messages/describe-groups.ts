// DescribeGroups (key 15): state and members of classic groups. [pure: any thread]

import { array, bool, bytes, errorCode, int32, message, string } from '../schema.ts'

/** DescribeGroups (KIP-430 operations v3, KIP-345 static members v4, KIP-1043 not found v6). */
export const DescribeGroupsRequest = message(
  'DescribeGroupsRequest',
  15,
  { versions: [0, 6], flexible: 5 },
  {
    groups: array(string),
    includeAuthorizedOperations: bool.since(3),
  },
)

/** The answer to `DescribeGroupsRequest`. */
export const DescribeGroupsResponse = message(
  'DescribeGroupsResponse',
  15,
  { versions: [0, 6], flexible: 5 },
  {
    throttleTimeMs: int32.since(1).ignorable(),
    groups: array({
      errorCode: errorCode,
      errorMessage: string.since(6).nullable().default(null),
      groupId: string,
      groupState: string,
      protocolType: string,
      protocolData: string,
      members: array({
        memberId: string,
        groupInstanceId: string.since(4).nullable().default(null).ignorable(),
        clientId: string,
        clientHost: string,
        memberMetadata: bytes,
        memberAssignment: bytes,
      }),
      authorizedOperations: int32.since(3).default(-2147483648),
    }),
  },
)
