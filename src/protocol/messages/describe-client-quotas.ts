// DescribeClientQuotas (key 48): the quotas that match a filter. [pure: any thread]

import { array, bool, errorCode, float64, int8, int32, message, string } from '../schema.ts'

/** DescribeClientQuotas (KIP-546). */
export const DescribeClientQuotasRequest = message(
  'DescribeClientQuotasRequest',
  48,
  { versions: [0, 1], flexible: 1 },
  {
    components: array({
      entityType: string,
      // 0: exact name, 1: default entity, 2: any name
      matchType: int8,
      match: string.nullable(),
    }),
    strict: bool,
  },
)

/** The answer to `DescribeClientQuotasRequest`. */
export const DescribeClientQuotasResponse = message(
  'DescribeClientQuotasResponse',
  48,
  { versions: [0, 1], flexible: 1 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable(),
    entries: array({
      entity: array({
        entityType: string,
        entityName: string.nullable(),
      }),
      values: array({
        key: string,
        value: float64,
      }),
    }).nullable(),
  },
)
