// DescribeUserScramCredentials (key 50): which SCRAM credentials users have. [pure: any thread]

import { array, errorCode, int8, int32, message, string } from '../schema.ts'

/** DescribeUserScramCredentials (KIP-554). */
export const DescribeUserScramCredentialsRequest = message(
  'DescribeUserScramCredentialsRequest',
  50,
  { versions: [0, 0], flexible: 0 },
  {
    users: array({
      name: string,
    }).nullable(),
  },
)

/** The answer to `DescribeUserScramCredentialsRequest`. */
export const DescribeUserScramCredentialsResponse = message(
  'DescribeUserScramCredentialsResponse',
  50,
  { versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable(),
    results: array({
      user: string,
      errorCode: errorCode,
      errorMessage: string.nullable(),
      credentialInfos: array({
        mechanism: int8,
        iterations: int32,
      }),
    }),
  },
)
