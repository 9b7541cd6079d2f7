// DescribeTransactions (key 65): state and partitions of transactions. [pure: any thread]

import { array, errorCode, int16, int32, int64, message, string, timestamp } from '../schema.ts'

/** DescribeTransactions (KIP-664). */
export const DescribeTransactionsRequest = message(
  'DescribeTransactionsRequest',
  65,
  { versions: [0, 0], flexible: 0 },
  {
    transactionalIds: array(string),
  },
)

/** The answer to `DescribeTransactionsRequest`. */
export const DescribeTransactionsResponse = message(
  'DescribeTransactionsResponse',
  65,
  { versions: [0, 0], flexible: 0 },
  {
    throttleTimeMs: int32,
    transactionStates: array({
      errorCode: errorCode,
      transactionalId: string,
      transactionState: string,
      transactionTimeoutMs: int32,
      transactionStartTimeMs: timestamp,
      producerId: int64,
      producerEpoch: int16,
      topics: array({
        topic: string,
        partitions: array(int32),
      }),
    }),
  },
)
