// SyncGroup (key 14): the leader of a classic group hands out assignments. [pure: any thread]

import { array, bytes, errorCode, int32, message, string } from '../schema.ts'

/** SyncGroup (KIP-345 static members v3, KIP-559 protocol names v5). */
export const SyncGroupRequest = message(
  'SyncGroupRequest',
  14,
  { versions: [0, 5], flexible: 4 },
  {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.since(3).nullable().default(null),
    protocolType: string.since(5).nullable().default(null).ignorable(),
    protocolName: string.since(5).nullable().default(null).ignorable(),
    assignments: array({
      memberId: string,
      // a version and a ConsumerProtocolAssignment, for consumers
      assignment: bytes,
    }),
  },
)

/** The answer to `SyncGroupRequest`. */
export const SyncGroupResponse = message(
  'SyncGroupResponse',
  14,
  { versions: [0, 5], flexible: 4 },
  {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: errorCode,
    protocolType: string.since(5).nullable().default(null).ignorable(),
    protocolName: string.since(5).nullable().default(null).ignorable(),
    assignment: bytes,
  },
)
