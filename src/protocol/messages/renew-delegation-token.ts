// RenewDelegationToken (key 39): renews a delegation token. [pure: any thread]

import { bytes, duration, errorCode, int32, message, timestamp } from '../schema.ts'

/** RenewDelegationToken (KIP-48). */
export const RenewDelegationTokenRequest = message(
  'RenewDelegationTokenRequest',
  39,
  { versions: [1, 2], flexible: 2 },
  {
    hmac: bytes,
    renewPeriodMs: duration,
  },
)

/** The answer to `RenewDelegationTokenRequest`. */
export const RenewDelegationTokenResponse = message(
  'RenewDelegationTokenResponse',
  39,
  { versions: [1, 2], flexible: 2 },
  {
    errorCode: errorCode,
    expiryTimestampMs: timestamp,
    throttleTimeMs: int32,
  },
)
