// DeleteGroups (key 42): deletes empty groups. [pure: any thread]

import { array, errorCode, int32, message, string } from '../schema.ts'

/** DeleteGroups (KIP-229). */
export const DeleteGroupsRequest = message(
  'DeleteGroupsRequest',
  42,
  { versions: [0, 2], flexible: 2 },
  {
    groupsNames: array(string),
  },
)

/** The answer to `DeleteGroupsRequest`. */
export const DeleteGroupsResponse = message(
  'DeleteGroupsResponse',
  42,
  { versions: [0, 2], flexible: 2 },
  {
    throttleTimeMs: int32,
    results: array({
      groupId: string,
      errorCode: errorCode,
    }),
  },
)
