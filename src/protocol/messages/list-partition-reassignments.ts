// ListPartitionReassignments (key 46): the moves of partitions under way. [pure: any thread]

import { array, errorCode, int32, message, string } from '../schema.ts'

/** ListPartitionReassignments (KIP-455). */
export const ListPartitionReassignmentsRequest = message(
  'ListPartitionReassignmentsRequest',
  46,
  { versions: [0, 0], flexible: 0 },
  {
    timeoutMs: int32.default(60000),
    topics: array({
      name: string,
      partitionIndexes: array(int32),
    })
      .nullable()
      .default(null),
  },
)

/** The answer to `ListPartitionReassignmentsRequest`. */
export const ListPartitionReassignmentsResponse = message(
  'ListPartitionReassignmentsResponse',
  46,
  { versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable(),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        replicas: array(int32),
        addingReplicas: array(int32),
        removingReplicas: array(int32),
      }),
    }),
  },
)
