// IncrementalAlterConfigs (key 44): sets, deletes, appends to or subtracts from single settings. [pure: any thread]

import { array, bool, errorCode, int8, int32, message, string } from '../schema.ts'

/** IncrementalAlterConfigs (KIP-339). */
export const IncrementalAlterConfigsRequest = message(
  'IncrementalAlterConfigsRequest',
  44,
  { versions: [0, 1], flexible: 1 },
  {
    resources: array({
      resourceType: int8,
      resourceName: string,
      configs: array({
        name: string,
        // 0: set, 1: delete, 2: append, 3: subtract
        configOperation: int8,
        value: string.nullable(),
      }),
    }),
    validateOnly: bool,
  },
)

/** The answer to `IncrementalAlterConfigsRequest`. */
export const IncrementalAlterConfigsResponse = message(
  'IncrementalAlterConfigsResponse',
  44,
  { versions: [0, 1], flexible: 1 },
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
