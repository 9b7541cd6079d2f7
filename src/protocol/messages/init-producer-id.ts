// InitProducerId (key 22): a producer gets or renews its id and epoch. [pure: any thread]

import { errorCode, int16, int32, int64, message, string } from '../schema.ts'

/** InitProducerId (KIP-98; KIP-360 epoch bump v3; KIP-588 fencing v4; KIP-890 v5). */
export const InitProducerIdRequest = message(
  'InitProducerIdRequest',
  22,
  { versions: [0, 5], flexible: 2 },
  {
    // null: an idempotent producer without transactions
    transactionalId: string.nullable(),
    transactionTimeoutMs: int32,
    producerId: int64.since(3).default(-1n),
    producerEpoch: int16.since(3).default(-1),
  },
)

/** The answer to `InitProducerIdRequest`. */
export const InitProducerIdResponse = message(
  'InitProducerIdResponse',
  22,
  { versions: [0, 5], flexible: 2 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
    producerId: int64.default(-1n),
    producerEpoch: int16,
  },
)
