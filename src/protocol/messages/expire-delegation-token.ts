// ExpireDelegationToken (key 40): ends a delegation token. [pure: any thread]

import { bytes, duration, errorCode, int32, message, timestamp } from '../schema.ts'

/** ExpireDelegationToken (KIP-48). */
export const ExpireDelegationTokenRequest = message(
  'ExpireDelegationTokenRequest',
  40,
  { versions: [1, 2], flexible: 2 },
  {
    hmac: bytes,
    expiryTimePeriodMs: duration,
  },
)

/** The answer to `ExpireDelegationTokenRequest`. */
export const ExpireDelegationTokenResponse = message(
  'ExpireDelegationTokenResponse',
  40,
  { versions: [1, 2], flexible: 2 },
  {
    errorCode: errorCode,
    expiryTimestampMs: timestamp,
    throttleTimeMs: int32,
  },
)
