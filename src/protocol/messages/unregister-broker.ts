// UnregisterBroker (key 64): forgets a broker that is gone for good. [pure: any thread]

import { errorCode, int32, message, string } from '../schema.ts'

/** UnregisterBroker (KIP-500). */
export const UnregisterBrokerRequest = message(
  'UnregisterBrokerRequest',
  64,
  { versions: [0, 0], flexible: 0 },
  {
    brokerId: int32,
  },
)

/** The answer to `UnregisterBrokerRequest`. */
export const UnregisterBrokerResponse = message(
  'UnregisterBrokerResponse',
  64,
  { versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable(),
  },
)
