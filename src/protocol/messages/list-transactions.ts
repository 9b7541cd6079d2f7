// ListTransactions (key 66): the transactions that a broker coordinates. [pure: any thread]

import { array, duration, errorCode, int32, int64, message, string } from '../schema.ts'

/** ListTransactions (KIP-664; KIP-994 duration v1; KIP-1152 pattern v2). */
export const ListTransactionsRequest = message(
  'ListTransactionsRequest',
  66,
  { versions: [0, 2], flexible: 0 },
  {
    stateFilters: array(string),
    producerIdFilters: array(int64),
    durationFilter: duration.since(1).default(-1),
    transactionalIdPattern: string.since(2).nullable().default(null),
  },
)

/** The answer to `ListTransactionsRequest`. */
export const ListTransactionsResponse = message(
  'ListTransactionsResponse',
  66,
  { versions: [0, 2], flexible: 0 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    unknownStateFilters: array(string),
    transactionStates: array({
      transactionalId: string,
      producerId: int64,
      transactionState: string,
    }),
  },
)
