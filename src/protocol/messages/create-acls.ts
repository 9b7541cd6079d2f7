// CreateAcls (key 30): makes access rules. [pure: any thread]

import { array, errorCode, int8, int32, message, string } from '../schema.ts'

/** CreateAcls (KIP-140; KIP-290 pattern types v1; user resources v3, KIP-373). */
export const CreateAclsRequest = message(
  'CreateAclsRequest',
  30,
  { versions: [1, 3], flexible: 2 },
  {
    creations: array({
      resourceType: int8,
      resourceName: string,
      resourcePatternType: int8.default(3),
      principal: string,
      host: string,
      operation: int8,
      permissionType: int8,
    }),
  },
)

/** The answer to `CreateAclsRequest`. */
export const CreateAclsResponse = message(
  'CreateAclsResponse',
  30,
  { versions: [1, 3], flexible: 2 },
  {
    throttleTimeMs: int32,
    results: array({
      errorCode: errorCode,
      errorMessage: string.nullable(),
    }),
  },
)
