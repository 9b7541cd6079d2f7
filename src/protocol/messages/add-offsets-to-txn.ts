// AddOffsetsToTxn (key 25): the offsets of a group become part of a transaction. [pure: any thread]

import { errorCode, int16, int32, int64, message, string } from '../schema.ts'

/** AddOffsetsToTxn (KIP-98; KIP-890 abortable errors v4). */
export const AddOffsetsToTxnRequest = message(
  'AddOffsetsToTxnRequest',
  25,
  { versions: [0, 4], flexible: 3 },
  {
    transactionalId: string,
    producerId: int64,
    producerEpoch: int16,
    groupId: string,
  },
)

/** The answer to `AddOffsetsToTxnRequest`. */
export const AddOffsetsToTxnResponse = message(
  'AddOffsetsToTxnResponse',
  25,
  { versions: [0, 4], flexible: 3 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode,
  },
)
