// EndTxn (key 26): commits or aborts a transaction. [pure: any thread]

import { bool, errorCode, int16, int32, int64, message, string } from '../schema.ts'

/** EndTxn (KIP-98; KIP-890 abortable errors v4, new epoch in the answer v5). */
export const EndTxnRequest = message(
  'EndTxnRequest',
  26,
  { versions: [0, 5], flexible: 3 },
  {
    transactionalId: string,
    producerId: int64,
    producerEpoch: int16,
    // false: abort
    committed: bool,
  },
)

/** The answer to `EndTxnRequest`. */
export const EndTxnResponse = message(
  'EndTxnResponse',
  26,
  { versions: [0, 5], flexible: 3 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    producerId: int64.since(5).default(-1n).ignorable(),
    producerEpoch: int16.since(5).default(-1).ignorable(),
  },
)
