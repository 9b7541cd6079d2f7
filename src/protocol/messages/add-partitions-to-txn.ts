// AddPartitionsToTxn (key 24): partitions become part of a transaction. [pure: any thread]

import { array, bool, errorCode, int16, int32, int64, message, string } from '../schema.ts'

const addPartitionsToTxnTopic = {
  name: string,
  partitions: array(int32),
}

const addPartitionsToTxnTopicResult = {
  name: string,
  resultsByPartition: array({
    partitionIndex: int32,
    partitionErrorCode: errorCode,
  }),
}

/** AddPartitionsToTxn (KIP-98; KIP-890 batches between brokers v4). Clients send v3 and below, hence the names. */
export const AddPartitionsToTxnRequest = message(
  'AddPartitionsToTxnRequest',
  24,
  { versions: [0, 5], flexible: 3 },
  {
    transactions: array({
      transactionalId: string,
      producerId: int64,
      producerEpoch: int16,
      verifyOnly: bool,
      topics: array(addPartitionsToTxnTopic),
    }).since(4),
    v3AndBelowTransactionalId: string.until(3),
    v3AndBelowProducerId: int64.until(3),
    v3AndBelowProducerEpoch: int16.until(3),
    v3AndBelowTopics: array(addPartitionsToTxnTopic).until(3),
  },
)

/** The answer to `AddPartitionsToTxnRequest`. */
export const AddPartitionsToTxnResponse = message(
  'AddPartitionsToTxnResponse',
  24,
  { versions: [0, 5], flexible: 3 },
  {
    throttleTimeMs: int32,
    errorCode: errorCode.since(4).ignorable(),
    resultsByTransaction: array({
      transactionalId: string,
      topicResults: array(addPartitionsToTxnTopicResult),
    }).since(4),
    resultsByTopicV3AndBelow: array(addPartitionsToTxnTopicResult).until(3),
  },
)
