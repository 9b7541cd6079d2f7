// ShareFetch (key 78): acquires records for a share group member. [pure: any thread]

import {
  array,
  bool,
  errorCode,
  int8,
  int16,
  int32,
  message,
  offset,
  records,
  string,
  struct,
  uuid,
} from '../schema.ts'

/** ShareFetch (KIP-932; KIP-1206 and KIP-1222 v2). */
export const ShareFetchRequest = message(
  'ShareFetchRequest',
  78,
  { versions: [1, 2], flexible: 0 },
  {
    groupId: string.nullable().default(null),
    memberId: string.nullable(),
    // 0: open a session, -1: close it
    shareSessionEpoch: int32,
    maxWaitMs: int32,
    minBytes: int32,
    maxBytes: int32.default(0x7fffffff),
    maxRecords: int32,
    batchSize: int32,
    // 0: whole batches, 1: as many records as maxRecords says (KIP-1206)
    shareAcquireMode: int8.since(2).ignorable(),
    isRenewAck: bool.since(2),
    topics: array({
      topicId: uuid,
      partitions: array({
        partitionIndex: int32,
        acknowledgementBatches: array({
          firstOffset: offset,
          lastOffset: offset,
          // 0: gap, 1: accept, 2: release, 3: reject, 4: renew
          acknowledgeTypes: array(int8),
        }),
      }),
    }),
    forgottenTopicsData: array({
      topicId: uuid,
      partitions: array(int32),
    }),
  },
)

/** The answer to `ShareFetchRequest`. */
export const ShareFetchResponse = message(
  'ShareFetchResponse',
  78,
  { versions: [1, 2], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable().default(null),
    acquisitionLockTimeoutMs: int32,
    responses: array({
      topicId: uuid,
      partitions: array({
        partitionIndex: int32,
        errorCode: errorCode,
        errorMessage: string.nullable().default(null),
        acknowledgeErrorCode: errorCode,
        acknowledgeErrorMessage: string.nullable().default(null),
        currentLeader: struct({
          leaderId: int32,
          leaderEpoch: int32,
        }),
        records: records,
        acquiredRecords: array({
          firstOffset: offset,
          lastOffset: offset,
          deliveryCount: int16,
        }),
      }),
    }),
    nodeEndpoints: array({
      nodeId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
    }),
  },
)
