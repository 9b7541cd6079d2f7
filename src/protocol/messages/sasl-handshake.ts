// SaslHandshake (key 17): chooses the SASL mechanism. [pure: any thread]

import { array, errorCode, message, string } from '../schema.ts'

/** SaslHandshake (KIP-43; v1 has its tokens in SaslAuthenticate, KIP-152). */
export const SaslHandshakeRequest = message(
  'SaslHandshakeRequest',
  17,
  { versions: [0, 1] },
  {
    mechanism: string,
  },
)

/** The answer to `SaslHandshakeRequest`. */
export const SaslHandshakeResponse = message(
  'SaslHandshakeResponse',
  17,
  { versions: [0, 1] },
  {
    errorCode: errorCode,
    mechanisms: array(string),
  },
)
