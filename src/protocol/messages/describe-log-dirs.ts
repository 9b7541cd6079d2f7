// DescribeLogDirs (key 35): the directories of a broker and what they hold. [pure: any thread]

import { array, bool, errorCode, int32, int64, message, quantity, string } from '../schema.ts'

/** DescribeLogDirs (KIP-113; KIP-827 sizes v4; KIP-1066 cordoned directories v5). */
export const DescribeLogDirsRequest = message(
  'DescribeLogDirsRequest',
  35,
  { versions: [1, 5], flexible: 2 },
  {
    topics: array({
      topic: string,
      partitions: array(int32),
    }).nullable(),
  },
)

/** The answer to `DescribeLogDirsRequest`. */
export const DescribeLogDirsResponse = message(
  'DescribeLogDirsResponse',
  35,
  { versions: [1, 5], flexible: 2 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode.since(3).ignorable(),
    results: array({
      errorCode: errorCode,
      logDir: string,
      topics: array({
        name: string,
        partitions: array({
          partitionIndex: int32,
          partitionSize: quantity,
          offsetLag: quantity,
          isFutureKey: bool,
        }),
      }),
      // of the volume, or -1; kept as bigint, since some network volumes report 2^63 - 1
      totalBytes: int64.since(4).default(-1n).ignorable(),
      usableBytes: int64.since(4).default(-1n).ignorable(),
      isCordoned: bool.since(5).ignorable(),
    }),
  },
)
