// AlterUserScramCredentials (key 51): sets and deletes SCRAM credentials. [pure: any thread]

import { array, bytes, errorCode, int8, int32, message, string } from '../schema.ts'

/** AlterUserScramCredentials (KIP-554). */
export const AlterUserScramCredentialsRequest = message(
  'AlterUserScramCredentialsRequest',
  51,
  { versions: [0, 0], flexible: 0 },
  {
    deletions: array({
      name: string,
      mechanism: int8,
    }),
    upsertions: array({
      name: string,
      // 1: SCRAM-SHA-256, 2: SCRAM-SHA-512
      mechanism: int8,
      iterations: int32,
      salt: bytes,
      saltedPassword: bytes,
    }),
  },
)

/** The answer to `AlterUserScramCredentialsRequest`. */
export const AlterUserScramCredentialsResponse = message(
  'AlterUserScramCredentialsResponse',
  51,
  { versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    results: array({
      user: string,
      errorCode: errorCode,
      errorMessage: string.nullable(),
    }),
  },
)
