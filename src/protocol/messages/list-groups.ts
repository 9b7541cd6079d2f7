// ListGroups (key 16): the groups that a broker coordinates. [pure: any thread]

import { array, errorCode, int32, message, string } from '../schema.ts'

/** ListGroups (KIP-518 states v4, KIP-848 types v5). */
export const ListGroupsRequest = message(
  'ListGroupsRequest',
  16,
  { versions: [0, 5], flexible: 3 },
  {
    statesFilter: array(string).since(4),
    typesFilter: array(string).since(5),
  },
)

/** The answer to `ListGroupsRequest`. */
export const ListGroupsResponse = message(
  'ListGroupsResponse',
  16,
  { versions: [0, 5], flexible: 3 },
  {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: errorCode,
    groups: array({
      groupId: string,
      protocolType: string,
      groupState: string.since(4).ignorable(),
      groupType: string.since(5).ignorable(),
    }),
  },
)
