// AlterConfigs (key 33): replaces all settings of a resource. [pure: any thread]

import { array, bool, errorCode, int8, int32, message, string } from '../schema.ts'

/** AlterConfigs (KIP-133); deprecated for IncrementalAlterConfigs, which leaves the other settings alone. */
export const AlterConfigsRequest = message(
  'AlterConfigsRequest',
  33,
  { versions: [0, 2], flexible: 2 },
  {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        value: string.nullable(),
      }),
    }),
    validateOnly: bool,
  },
)

/** The answer to `AlterConfigsRequest`. */
export const AlterConfigsResponse = message(
  'AlterConfigsResponse',
  33,
  { versions: [0, 2], flexible: 2 },
  {
    throttleTimeMs: int32,
    responses: array({
      errorCode: errorCode,
      errorMessage: string.nullable(),
      resourceType: int8,
      resourceName: string,
    }),
  },
)
