// Metadata (key 3): brokers, topics, partitions and their leaders. [pure: any thread]

import { array, bool, errorCode, int32, message, string, uuid } from '../schema.ts'

/**
 * Metadata (KIP-4 creation v4, KIP-320 epochs v7, KIP-430 operations v8, KIP-516 topic ids v10 to v12, KIP-1102
 * rebootstrap v13).
 */
export const MetadataRequest = message(
  'MetadataRequest',
  3,
  { versions: [0, 13], flexible: 9 },
  {
    // null: all topics; none: no topic at all, but all of them in v0
    topics: array({
      topicId: uuid.since(10).ignorable(),
      name: string.nullable(10),
    }).nullable(1),
    allowAutoTopicCreation: bool.since(4).default(true),
    includeClusterAuthorizedOperations: bool.since(8).until(10),
    includeTopicAuthorizedOperations: bool.since(8),
  },
)

/** The answer to `MetadataRequest`. */
export const MetadataResponse = message(
  'MetadataResponse',
  3,
  { versions: [0, 13], flexible: 9 },
  {
    throttleTimeMs: int32.since(3).ignorable(),
    brokers: array({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.since(1).nullable().default(null).ignorable(),
    }),
    clusterId: string.since(2).nullable().default(null).ignorable(),
    controllerId: int32.since(1).default(-1).ignorable(),
    topics: array({
      errorCode: errorCode,
      name: string.nullable(12),
      topicId: uuid.since(10).ignorable(),
      isInternal: bool.since(1).ignorable(),
      partitions: array({
        errorCode: errorCode,
        partitionIndex: int32,
        leaderId: int32,
        leaderEpoch: int32.since(7).default(-1).ignorable(),
        replicaNodes: array(int32),
        isrNodes: array(int32),
        offlineReplicas: array(int32).since(5).ignorable(),
      }),
      // a bit for each operation (KIP-430); the default means that nobody asked
      topicAuthorizedOperations: int32.since(8).default(-2147483648),
    }),
    clusterAuthorizedOperations: int32.since(8).until(10).default(-2147483648),
    errorCode: errorCode.since(13).ignorable(),
  },
)
