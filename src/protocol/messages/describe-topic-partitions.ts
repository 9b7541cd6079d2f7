// DescribeTopicPartitions (key 75): partitions of topics, page by page. [pure: any thread]

import { array, bool, errorCode, int32, message, string, struct, uuid } from '../schema.ts'

/** DescribeTopicPartitions (KIP-966). */
export const DescribeTopicPartitionsRequest = message(
  'DescribeTopicPartitionsRequest',
  75,
  { versions: [0, 0], flexible: 0 },
  {
    topics: array({
      name: string,
    }),
    responsePartitionLimit: int32.default(2000),
    cursor: struct({
      topicName: string,
      partitionIndex: int32,
    })
      .nullable()
      .default(null),
  },
)

/** The answer to `DescribeTopicPartitionsRequest`. */
export const DescribeTopicPartitionsResponse = message(
  'DescribeTopicPartitionsResponse',
  75,
  { versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    topics: array({
      errorCode: errorCode,
      name: string.nullable(),
      topicId: uuid,
      isInternal: bool,
      partitions: array({
        errorCode: errorCode,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.default(-1),
        replicaNodes: array(int32),
        isrNodes: array(int32),
        eligibleLeaderReplicas: array(int32).nullable().default(null),
        lastKnownElr: array(int32).nullable().default(null),
        offlineReplicas: array(int32),
      }),
      topicAuthorizedOperations: int32.default(-2147483648),
    }),
    nextCursor: struct({
      topicName: string,
      partitionIndex: int32,
    })
      .nullable()
      .default(null),
  },
)
