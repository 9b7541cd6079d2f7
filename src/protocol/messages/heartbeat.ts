// Heartbeat (key 12): a member of a classic group is alive. [pure: any thread]

import { errorCode, int32, message, string } from '../schema.ts'

/** Heartbeat (KIP-345 static members v3). */
export const HeartbeatRequest = message(
  'HeartbeatRequest',
  12,
  { versions: [0, 4], flexible: 4 },
  {
    groupId: string,
    generationId: int32,
    memberId: string,
    groupInstanceId: string.since(3).nullable().default(null),
  },
)

/** The answer to `HeartbeatRequest`. */
export const HeartbeatResponse = message(
  'HeartbeatResponse',
  12,
  { versions: [0, 4], flexible: 4 },
  {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: errorCode,
  },
)
