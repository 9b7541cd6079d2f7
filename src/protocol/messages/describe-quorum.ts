// DescribeQuorum (key 55): the voters and observers of the metadata quorum. [pure: any thread]

import { array, errorCode, int32, message, offset, string, timestamp, uint16, uuid } from '../schema.ts'

const replicaState = {
  replicaId: int32,
  replicaDirectoryId: uuid.since(2),
  logEndOffset: offset,
  lastFetchTimestamp: timestamp.since(1).default(-1).ignorable(),
  lastCaughtUpTimestamp: timestamp.since(1).default(-1).ignorable(),
}

/** DescribeQuorum (KIP-595; KIP-836 timestamps v1; KIP-853 directory ids v2). */
export const DescribeQuorumRequest = message(
  'DescribeQuorumRequest',
  55,
  { versions: [0, 2], flexible: 0 },
  {
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
      }),
    }),
  },
)

/** The answer to `DescribeQuorumRequest`. */
export const DescribeQuorumResponse = message(
  'DescribeQuorumResponse',
  55,
  { versions: [0, 2], flexible: 0 },
  {
    errorCode: errorCode,
    errorMessage: string.since(2).nullable().ignorable(),
    topics: array({
      topicName: string,
      partitions: array({
        partitionIndex: int32,
        errorCode: errorCode,
        errorMessage: string.since(2).nullable().ignorable(),
        leaderId: int32,
        leaderEpoch: int32,
        highWatermark: offset,
        currentVoters: array(replicaState),
        observers: array(replicaState),
      }),
    }),
    nodes: array({
      nodeId: int32,
      listeners: array({
        name: string,
        host: string,
        port: uint16,
      }),
    }).since(2),
  },
)
