// LeaveGroup (key 13): members leave a classic group. [pure: any thread]

import { array, errorCode, int32, message, string } from '../schema.ts'

/** LeaveGroup (KIP-345 many members v3, KIP-800 reasons v5). */
export const LeaveGroupRequest = message(
  'LeaveGroupRequest',
  13,
  { versions: [0, 5], flexible: 4 },
  {
    groupId: string,
    memberId: string.until(2),
    members: array({
      memberId: string,
      groupInstanceId: string.nullable().default(null),
      reason: string.since(5).nullable().default(null).ignorable(),
    }).since(3),
  },
)

/** The answer to `LeaveGroupRequest`. */
export const LeaveGroupResponse = message(
  'LeaveGroupResponse',
  13,
  { versions: [0, 5], flexible: 4 },
  {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: errorCode,
    members: array({
      memberId: string,
      groupInstanceId: string.nullable(),
      errorCode: errorCode,
    }).since(3),
  },
)
