// AddRaftVoter (key 80): adds a controller to the voters of the metadata quorum. [pure: any thread]

import { array, bool, errorCode, int32, message, string, uint16, uuid } from '../schema.ts'

/** AddRaftVoter (KIP-853). */
export const AddRaftVoterRequest = message(
  'AddRaftVoterRequest',
  80,
  { versions: [0, 1], flexible: 0 },
  {
    clusterId: string.nullable(),
    timeoutMs: int32,
    voterId: int32,
    voterDirectoryId: uuid,
    listeners: array({
      name: string,
      host: string,
      port: uint16,
    }),
    ackWhenCommitted: bool.since(1).default(true),
  },
)

/** The answer to `AddRaftVoterRequest`. */
export const AddRaftVoterResponse = message(
  'AddRaftVoterResponse',
  80,
  { versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable(),
  },
)
