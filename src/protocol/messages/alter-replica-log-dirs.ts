// AlterReplicaLogDirs (key 34): moves replicas between the directories of a broker. [pure: any thread]

import { array, errorCode, int32, message, string } from '../schema.ts'

/** AlterReplicaLogDirs (KIP-113). */
export const AlterReplicaLogDirsRequest = message(
  'AlterReplicaLogDirsRequest',
  34,
  { versions: [1, 2], flexible: 2 },
  {
    dirs: array({
      path: string,
      topics: array({
        name: string,
        partitions: array(int32),
      }),
    }),
  },
)

/** The answer to `AlterReplicaLogDirsRequest`. */
export const AlterReplicaLogDirsResponse = message(
  'AlterReplicaLogDirsResponse',
  34,
  { versions: [1, 2], flexible: 2 },
  {
    throttleTimeMs: int32,
    results: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: errorCode,
      }),
    }),
  },
)
