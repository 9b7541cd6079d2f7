// SaslAuthenticate (key 36): carries the tokens of the SASL exchange. [pure: any thread]

import { bytes, duration, errorCode, message, string } from '../schema.ts'

/** SaslAuthenticate (KIP-152; KIP-368 session lifetime v1). */
export const SaslAuthenticateRequest = message(
  'SaslAuthenticateRequest',
  36,
  { versions: [0, 2], flexible: 2 },
  {
    authBytes: bytes,
  },
)

/** The answer to `SaslAuthenticateRequest`. */
export const SaslAuthenticateResponse = message(
  'SaslAuthenticateResponse',
  36,
  { versions: [0, 2], flexible: 2 },
  {
    errorCode: errorCode,
    errorMessage: string.nullable(),
    authBytes: bytes,
    sessionLifetimeMs: duration.since(1).ignorable(),
  },
)
