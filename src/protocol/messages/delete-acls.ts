// DeleteAcls (key 31): deletes the access rules that match filters. [pure: any thread]

import { array, errorCode, int8, int32, message, string } from '../schema.ts'

/** DeleteAcls (KIP-140; KIP-290 pattern types v1; user resources v3, KIP-373). */
export const DeleteAclsRequest = message(
  'DeleteAclsRequest',
  31,
  { versions: [1, 3], flexible: 2 },
  {
    filters: array({
      resourceTypeFilter: int8,
      resourceNameFilter: string.nullable(),
      patternTypeFilter: int8.default(3),
      principalFilter: string.nullable(),
      hostFilter: string.nullable(),
      operation: int8,
      permissionType: int8,
    }),
  },
)

/** The answer to `DeleteAclsRequest`. */
export const DeleteAclsResponse = message(
  'DeleteAclsResponse',
  31,
  { versions: [1, 3], flexible: 2 },
  {
    throttleTimeMs: int32,
    filterResults: array({
      errorCode: errorCode,
      errorMessage: string.nullable(),
      matchingAcls: array({
        errorCode: errorCode,
        errorMessage: string.nullable(),
        resourceType: int8,
        resourceName: string,
        patternType: int8.default(3),
        principal: string,
        host: string,
        operation: int8,
        permissionType: int8,
      }),
    }),
  },
)
