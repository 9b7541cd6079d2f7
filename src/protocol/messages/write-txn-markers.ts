// WriteTxnMarkers (key 27): ends transactions in partitions; also how an admin aborts a hanging one. [pure: any thread]

import { array, bool, errorCode, int8, int16, int32, int64, message, string } from '../schema.ts'

/** WriteTxnMarkers (KIP-98; KIP-664 abort by an admin; KIP-1228 transaction version v2). */
export const WriteTxnMarkersRequest = message(
  'WriteTxnMarkersRequest',
  27,
  { versions: [1, 2], flexible: 1 },
  {
    markers: array({
      producerId: int64,
      producerEpoch: int16,
      transactionResult: bool,
      topics: array({
        name: string,
        partitionIndexes: array(int32),
      }),
      coordinatorEpoch: int32,
      transactionVersion: int8.since(2).ignorable(),
    }),
  },
)

/** The answer to `WriteTxnMarkersRequest`. */
export const WriteTxnMarkersResponse = message(
  'WriteTxnMarkersResponse',
  27,
  { versions: [1, 2], flexible: 1 },
  {
    markers: array({
      producerId: int64,
      topics: array({
        name: string,
        partitions: array({
          partitionIndex: int32,
          errorCode: errorCode,
        }),
      }),
    }),
  },
)
