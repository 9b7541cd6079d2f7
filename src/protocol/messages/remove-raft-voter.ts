// RemoveRaftVoter (key 81): takes a controller from the voters of the metadata quorum. [pure: any thread]

import { errorCode, int32, message, string, uuid } from '../schema.ts'

/** RemoveRaftVoter (KIP-853). */
export const RemoveRaftVoterRequest = message(
  'RemoveRaftVoterRequest',
  81,
  { versions: [0, 0], flexible: 0 },
  {
    clusterId: string.nullable(),
    voterId: int32,
    voterDirectoryId: uuid,
  },
)

/** The answer to `RemoveRaftVoterRequest`. */
export const RemoveRaftVoterResponse = message(
  'RemoveRaftVoterResponse',
  81,
  { versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable(),
  },
)
