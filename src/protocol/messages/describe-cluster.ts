// DescribeCluster (key 60): the brokers or controllers of the cluster. [pure: any thread]

import { array, bool, errorCode, int8, int32, message, string } from '../schema.ts'

/** DescribeCluster (KIP-700; KIP-919 controllers v1; KIP-1073 fenced brokers v2). */
export const DescribeClusterRequest = message(
  'DescribeClusterRequest',
  60,
  { versions: [0, 2], flexible: 0 },
  {
    includeClusterAuthorizedOperations: bool,
    // 1: brokers, 2: controllers
    endpointType: int8.since(1).default(1),
    includeFencedBrokers: bool.since(2),
  },
)

/** The answer to `DescribeClusterRequest`. */
export const DescribeClusterResponse = message(
  'DescribeClusterResponse',
  60,
  { versions: [0, 2], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    errorMessage: string.nullable().default(null),
    endpointType: int8.since(1).default(1),
    clusterId: string,
    controllerId: int32.default(-1),
    brokers: array({
      brokerId: int32,
      host: string,
      port: int32,
      rack: string.nullable().default(null),
      isFenced: bool.since(2),
    }),
    clusterAuthorizedOperations: int32.default(-2147483648),
  },
)
