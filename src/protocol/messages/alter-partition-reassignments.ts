// AlterPartitionReassignments (key 45): starts or cancels moves of partitions. [pure: any thread]

import { array, bool, errorCode, int32, message, string } from '../schema.ts'

/** AlterPartitionReassignments (KIP-455; KIP-860 unchanged replication factor v1). */
export const AlterPartitionReassignmentsRequest = message(
  'AlterPartitionReassignmentsRequest',
  45,
  { versions: [0, 1], flexible: 0 },
  {
    timeoutMs: int32.default(60000),
    allowReplicationFactorChange: bool.since(1).default(true),
    topics: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        // null: cancel the move
        replicas: array(int32).nullable().default(null),
      }),
    }),
  },
)

/** The answer to `AlterPartitionReassignmentsRequest`. */
export const AlterPartitionReassignmentsResponse = message(
  'AlterPartitionReassignmentsResponse',
  45,
  { versions: [0, 1], flexible: 0 },
  {
    throttleTimeMs: int32,
    allowReplicationFactorChange: bool.since(1).default(true).ignorable(),
    errorCode: errorCode,
    errorMessage: string.nullable(),
    responses: array({
      name: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: errorCode,
        errorMessage: string.nullable(),
      }),
    }),
  },
)
