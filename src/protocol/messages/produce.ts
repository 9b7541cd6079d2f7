// Produce (key 0): record batches go to the leaders of their partitions. [pure: any thread]

import {
  array,
  errorCode,
  int16,
  int32,
  message,
  offset,
  sentRecords,
  string,
  struct,
  timestamp,
  uuid,
} from '../schema.ts'

/**
 * Produce (KIP-98 transactions v3, KIP-110 zstd v7, KIP-467 record errors v8, KIP-951 leader hint v10, KIP-890
 * implicit partitions v12, KIP-516 topic ids v13).
 */
export const ProduceRequest = message(
  'ProduceRequest',
  0,
  { versions: [3, 13], flexible: 9 },
  {
    transactionalId: string.nullable().default(null),
    // -1: all in-sync replicas, 0: no answer at all, 1: the leader
    acks: int16,
    timeoutMs: int32,
    topicData: array({
      name: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitionData: array({
        index: int32,
        records: sentRecords.nullable(),
      }),
    }),
  },
)

/** The answer to `ProduceRequest`. */
export const ProduceResponse = message(
  'ProduceResponse',
  0,
  { versions: [3, 13], flexible: 9 },
  {
    responses: array({
      name: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitionResponses: array({
        index: int32,
        errorCode: errorCode,
        baseOffset: offset,
        logAppendTimeMs: timestamp.default(-1),
        logStartOffset: offset.since(5).default(-1).ignorable(),
        recordErrors: array({
          batchIndex: int32,
          batchIndexErrorMessage: string.nullable().default(null),
        })
          .since(8)
          .ignorable(),
        errorMessage: string.since(8).nullable().default(null).ignorable(),
        // set beside NOT_LEADER_OR_FOLLOWER, as are the node's address below (KIP-951)
        currentLeader: struct({
          leaderId: int32.default(-1),
          leaderEpoch: int32.default(-1),
        })
          .since(10)
          .tagged(0),
      }),
    }),
    throttleTimeMs: int32,
    nodeEndpoints: array({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
    })
      .since(10)
      .tagged(0),
  },
)
