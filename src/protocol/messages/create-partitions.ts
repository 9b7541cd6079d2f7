// CreatePartitions (key 37): gives topics more partitions. [pure: any thread]

import { array, bool, errorCode, int32, message, string } from '../schema.ts'

/** CreatePartitions (KIP-195; KIP-599 quota error v3). */
export const CreatePartitionsRequest = message(
  'CreatePartitionsRequest',
  37,
  { versions: [0, 3], flexible: 2 },
  {
    topics: array({
      name: string,
      count: int32,
      assignments: array({
        brokerIds: array(int32),
      }).nullable(),
    }),
    timeoutMs: int32,
    validateOnly: bool,
  },
)

/** The answer to `CreatePartitionsRequest`. */
export const CreatePartitionsResponse = message(
  'CreatePartitionsResponse',
  37,
  { versions: [0, 3], flexible: 2 },
  {
    throttleTimeMs: int32,
    results: array({
      name: string,
      errorCode: errorCode,
      errorMessage: string.nullable().default(null),
    }),
  },
)
