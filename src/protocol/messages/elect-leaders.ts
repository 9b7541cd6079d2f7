// ElectLeaders (key 43): elects preferred or unclean leaders. [pure: any thread]

import { array, errorCode, int8, int32, message, string } from '../schema.ts'

/** ElectLeaders (KIP-183; KIP-460 election type v1). */
export const ElectLeadersRequest = message(
  'ElectLeadersRequest',
  43,
  { versions: [0, 2], flexible: 2 },
  {
    // 0: preferred, 1: unclean
    electionType: int8.since(1),
    // null: all partitions
    topicPartitions: array({
      topic: string,
      partitions: array(int32),
    }).nullable(),
    timeoutMs: int32.default(60000),
  },
)

/** The answer to `ElectLeadersRequest`. */
export const ElectLeadersResponse = message(
  'ElectLeadersResponse',
  43,
  { versions: [0, 2], flexible: 2 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode.since(1),
    replicaElectionResults: array({
      topic: string,
      partitionResult: array({
        partitionId: int32,
        errorCode: errorCode,
        errorMessage: string.nullable(),
      }),
    }),
  },
)
