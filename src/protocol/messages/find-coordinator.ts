// FindCoordinator (key 10): which broker coordinates a group, a transaction or a share partition. [pure: any thread]

import { array, errorCode, int8, int32, message, string } from '../schema.ts'

/**
 * FindCoordinator (KIP-98 key types v1, KIP-699 many keys v4, KIP-890 abortable errors v5, KIP-932 share groups v6).
 */
export const FindCoordinatorRequest = message(
  'FindCoordinatorRequest',
  10,
  { versions: [0, 6], flexible: 3 },
  {
    key: string.until(3),
    // 0: group, 1: transactional id, 2: share partition as `group:topicId:partition`
    keyType: int8.since(1),
    coordinatorKeys: array(string).since(4),
  },
)

/** The answer to `FindCoordinatorRequest`. */
export const FindCoordinatorResponse = message(
  'FindCoordinatorResponse',
  10,
  { versions: [0, 6], flexible: 3 },
  {
    throttleTimeMs: int32.since(1).ignorable(),
    errorCode: errorCode.until(3),
    errorMessage: string.since(1).until(3).nullable().ignorable(),
    nodeId: int32.until(3),
    host: string.until(3),
    port: int32.until(3),
    coordinators: array({
      key: string,
      nodeId: int32,
      host: string,
      port: int32,
      errorCode: errorCode,
      errorMessage: string.nullable(),
    }).since(4),
  },
)
