// AlterClientQuotas (key 49): sets and deletes quotas. [pure: any thread]

import { array, bool, errorCode, float64, int32, message, string } from '../schema.ts'

/** AlterClientQuotas (KIP-546). */
export const AlterClientQuotasRequest = message(
  'AlterClientQuotasRequest',
  49,
  { versions: [0, 1], flexible: 1 },
  {
    entries: array({
      entity: array({
        entityType: string,
        entityName: string.nullable(),
      }),
      ops: array({
        key: string,
        value: float64,
        remove: bool,
      }),
    }),
    validateOnly: bool,
  },
)

/** The answer to `AlterClientQuotasRequest`. */
export const AlterClientQuotasResponse = message(
  'AlterClientQuotasResponse',
  49,
  { versions: [0, 1], flexible: 1 },
  {
    throttleTimeMs: int32,
    entries: array({
      errorCode: errorCode,
      errorMessage: string.nullable(),
      entity: array({
        entityType: string,
        entityName: string.nullable(),
      }),
    }),
  },
)
