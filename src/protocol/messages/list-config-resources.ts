// ListConfigResources (key 74): the resources that have settings. [pure: any thread]

import { array, errorCode, int8, int32, message, string } from '../schema.ts'

/** ListConfigResources (KIP-1000 client metrics v0; KIP-1142 all resource types v1). */
export const ListConfigResourcesRequest = message(
  'ListConfigResourcesRequest',
  74,
  { versions: [0, 1], flexible: 0 },
  {
    resourceTypes: array(int8).since(1),
  },
)

/** The answer to `ListConfigResourcesRequest`. */
export const ListConfigResourcesResponse = message(
  'ListConfigResourcesResponse',
  74,
  { versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    configResources: array({
      resourceName: string,
      resourceType: int8.since(1).default(16).ignorable(),
    }),
  },
)
