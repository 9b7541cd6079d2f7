// DescribeAcls (key 29): the access rules that match a filter. [pure: any thread]

import { array, errorCode, int8, int32, message, string } from '../schema.ts'

/** DescribeAcls (KIP-140; KIP-290 pattern types v1; user resources v3, KIP-373). */
export const DescribeAclsRequest = message(
  'DescribeAclsRequest',
  29,
  { versions: [1, 3], flexible: 2 },
  {
    // numbers of Java's ResourceType, PatternType, AclOperation and AclPermissionType; 1: any
    resourceTypeFilter: int8,
    resourceNameFilter: string.nullable(),
    patternTypeFilter: int8.default(3),
    principalFilter: string.nullable(),
    hostFilter: string.nullable(),
    operation: int8,
    permissionType: int8,
  },
)

/** The answer to `DescribeAclsRequest`. */
export const DescribeAclsResponse = message(
  'DescribeAclsResponse',
  29,
  { versions: [1, 3], flexible: 2 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable(),
    resources: array({
      resourceType: int8,
      resourceName: string,
      patternType: int8.default(3),
      acls: array({
        principal: string,
        host: string,
        operation: int8,
        permissionType: int8,
      }),
    }),
  },
)
