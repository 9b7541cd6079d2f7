// ShareAcknowledge (key 79): acknowledges records of a share group. [pure: any thread]

import { array, bool, errorCode, int8, int32, message, offset, string, struct, uuid } from '../schema.ts'

/** ShareAcknowledge (KIP-932; KIP-1222 renewal v2). */
export const ShareAcknowledgeRequest = message(
  'ShareAcknowledgeRequest',
  79,
  { versions: [1, 2], flexible: 0 },
  {
    groupId: string.nullable().default(null),
    memberId: string.nullable(),
    // -1: close the session
    shareSessionEpoch: int32,
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
  },
)

/** The answer to `ShareAcknowledgeRequest`. */
export const ShareAcknowledgeResponse = message(
  'ShareAcknowledgeResponse',
  79,
  { versions: [1, 2], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable().default(null),
    acquisitionLockTimeoutMs: int32.since(2).ignorable(),
    responses: array({
      topicId: uuid,
      partitions: array({
        partitionIndex: int32,
        errorCode: errorCode,
        errorMessage: string.nullable().default(null),
        currentLeader: struct({
          leaderId: int32,
          leaderEpoch: int32,
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
