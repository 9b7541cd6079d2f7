// JoinGroup (key 11): enters the next generation of a classic group. [pure: any thread]

import { array, bool, bytes, errorCode, int32, message, string } from '../schema.ts'

/**
 * JoinGroup (KIP-62 rebalance timeout v1, KIP-345 static members v5, KIP-559 protocol names v7, KIP-800 reasons v8,
 * KIP-814 skipped assignment v9).
 */
export const JoinGroupRequest = message(
  'JoinGroupRequest',
  11,
  { versions: [0, 9], flexible: 6 },
  {
    groupId: string,
    sessionTimeoutMs: int32,
    rebalanceTimeoutMs: int32.since(1).default(-1).ignorable(),
    memberId: string,
    groupInstanceId: string.since(5).nullable().default(null),
    protocolType: string,
    protocols: array({
      name: string,
      // a version and a ConsumerProtocolSubscription, for consumers
      metadata: bytes,
    }),
    reason: string.since(8).nullable().default(null).ignorable(),
  },
)

/** The answer to `JoinGroupRequest`. */
export const JoinGroupResponse = message(
  'JoinGroupResponse',
  11,
  { versions: [0, 9], flexible: 6 },
  {
    throttleTimeMs: int32.since(2).ignorable(),
    errorCode: errorCode,
    generationId: int32.default(-1),
    protocolType: string.since(7).nullable().default(null).ignorable(),
    protocolName: string.nullable(7),
    leader: string,
    skipAssignment: bool.since(9),
    memberId: string,
    members: array({
      memberId: string,
      groupInstanceId: string.since(5).nullable().default(null).ignorable(),
      metadata: bytes,
    }),
  },
)
