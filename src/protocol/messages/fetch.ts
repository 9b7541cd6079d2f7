// Fetch (key 1): record batches come from the leaders or followers of their partitions. [pure: any thread]

import { array, errorCode, int8, int32, int64, message, offset, records, string, struct, uuid } from '../schema.ts'

/**
 * Fetch (KIP-227 sessions v7, KIP-320 epochs v9, KIP-110 zstd v10, KIP-392 followers v11, KIP-595 divergence v12,
 * KIP-516 topic ids v13, KIP-951 leader hint v16).
 */
export const FetchRequest = message(
  'FetchRequest',
  1,
  { versions: [4, 18], flexible: 12 },
  {
    clusterId: string.since(12).nullable().tagged(0).default(null).ignorable(),
    // -1: a client
    replicaId: int32.until(14).default(-1),
    replicaState: struct({
      replicaId: int32.default(-1),
      replicaEpoch: int64.default(-1n),
    })
      .since(15)
      .tagged(1),
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32.default(0x7fffffff),
    // 0: read_uncommitted, 1: read_committed
    isolationLevel: int8,
    sessionId: int32.since(7).ignorable(),
    // 0: open a session, -1: fetch without one (KIP-227)
    sessionEpoch: int32.since(7).default(-1).ignorable(),
    topics: array({
      topic: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitions: array({
        partition: int32,
        currentLeaderEpoch: int32.since(9).default(-1).ignorable(),
        fetchOffset: offset,
        // with this the broker notices a truncated log, and answers with divergingEpoch (KIP-595)
        lastFetchedEpoch: int32.since(12).default(-1),
        logStartOffset: offset.since(5).default(-1).ignorable(),
        partitionMaxBytes: int32,
        replicaDirectoryId: uuid.since(17).tagged(0).ignorable(),
        highWatermark: int64.since(18).tagged(1).default(9223372036854775807n).ignorable(),
      }),
    }),
    forgottenTopicsData: array({
      topic: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitions: array(int32),
    }).since(7),
    rackId: string.since(11).ignorable(),
  },
)

/** The answer to `FetchRequest`. */
export const FetchResponse = message(
  'FetchResponse',
  1,
  { versions: [4, 18], flexible: 12 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode.since(7).ignorable(),
    sessionId: int32.since(7),
    responses: array({
      topic: string.until(12).ignorable(),
      topicId: uuid.since(13).ignorable(),
      partitions: array({
        partitionIndex: int32,
        errorCode: errorCode,
        highWatermark: offset,
        lastStableOffset: offset.default(-1),
        logStartOffset: offset.since(5).default(-1).ignorable(),
        divergingEpoch: struct({
          epoch: int32.default(-1),
          endOffset: offset.default(-1),
        })
          .since(12)
          .tagged(0),
        currentLeader: struct({
          leaderId: int32.default(-1),
          leaderEpoch: int32.default(-1),
        })
          .since(12)
          .tagged(1),
        snapshotId: struct({
          endOffset: offset.default(-1),
          epoch: int32.default(-1),
        })
          .since(12)
          .tagged(2),
        // null unless read_committed was asked for
        abortedTransactions: array({
          producerId: int64,
          firstOffset: offset,
        }).nullable(),
        // a follower to fetch from instead, or -1 (KIP-392)
        preferredReadReplica: int32.since(11).default(-1),
        records: records.nullable(),
      }),
    }),
    nodeEndpoints: array({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
    })
      .since(16)
      .tagged(0),
  },
)
