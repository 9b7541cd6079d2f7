// DescribeDelegationToken (key 41): the delegation tokens of owners. [pure: any thread]

import { array, bytes, errorCode, int32, message, string, timestamp } from '../schema.ts'

/** DescribeDelegationToken (KIP-48; KIP-373 requesters v3). */
export const DescribeDelegationTokenRequest = message(
  'DescribeDelegationTokenRequest',
  41,
  { versions: [1, 3], flexible: 2 },
  {
    owners: array({
      principalType: string,
      principalName: string,
    }).nullable(),
  },
)

/** The answer to `DescribeDelegationTokenRequest`. */
export const DescribeDelegationTokenResponse = message(
  'DescribeDelegationTokenResponse',
  41,
  { versions: [1, 3], flexible: 2 },
  {
    errorCode: errorCode,
    tokens: array({
      principalType: string,
      principalName: string,
      tokenRequesterPrincipalType: string.since(3),
      tokenRequesterPrincipalName: string.since(3),
      issueTimestamp: timestamp,
      expiryTimestamp: timestamp,
      maxTimestamp: timestamp,
      tokenId: string,
      hmac: bytes,
      renewers: array({
        principalType: string,
        principalName: string,
      }),
    }),
    throttleTimeMs: int32,
  },
)
