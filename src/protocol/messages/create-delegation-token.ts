// CreateDelegationToken (key 38): makes a delegation token. [pure: any thread]

import { array, bytes, duration, errorCode, int32, message, string, timestamp } from '../schema.ts'

/** CreateDelegationToken (KIP-48; KIP-373 tokens for others v3). */
export const CreateDelegationTokenRequest = message(
  'CreateDelegationTokenRequest',
  38,
  { versions: [1, 3], flexible: 2 },
  {
    ownerPrincipalType: string.since(3).nullable(),
    ownerPrincipalName: string.since(3).nullable(),
    renewers: array({
      principalType: string,
      principalName: string,
    }),
    // -1: delegation.token.max.lifetime.ms of the broker
    maxLifetimeMs: duration,
  },
)

/** The answer to `CreateDelegationTokenRequest`. */
export const CreateDelegationTokenResponse = message(
  'CreateDelegationTokenResponse',
  38,
  { versions: [1, 3], flexible: 2 },
  {
    errorCode: errorCode,
    principalType: string,
    principalName: string,
    tokenRequesterPrincipalType: string.since(3),
    tokenRequesterPrincipalName: string.since(3),
    issueTimestampMs: timestamp,
    expiryTimestampMs: timestamp,
    maxTimestampMs: timestamp,
    tokenId: string,
    hmac: bytes,
    throttleTimeMs: int32,
  },
)
