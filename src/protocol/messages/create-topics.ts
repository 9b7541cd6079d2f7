// CreateTopics (key 19): makes topics. [pure: any thread]

import { array, bool, errorCode, int8, int16, int32, message, string, uuid } from '../schema.ts'

/**
 * CreateTopics (KIP-4; KIP-464 broker defaults v4; KIP-525 configurations in the answer v5; KIP-599 quota error v6;
 * KIP-516 topic ids v7).
 */
export const CreateTopicsRequest = message(
  'CreateTopicsRequest',
  19,
  { versions: [2, 7], flexible: 5 },
  {
    topics: array({
      name: string,
      // -1: what the broker is set to, or as many as the assignments name; so too below (v4)
      numPartitions: int32,
      replicationFactor: int16,
      assignments: array({
        partitionIndex: int32,
        brokerIds: array(int32),
      }),
      configs: array({
        name: string,
        value: string.nullable(),
      }),
    }),
    timeoutMs: int32.default(60000),
    validateOnly: bool,
  },
)

/** The answer to `CreateTopicsRequest`. */
export const CreateTopicsResponse = message(
  'CreateTopicsResponse',
  19,
  { versions: [2, 7], flexible: 5 },
  {
    throttleTimeMs: int32,
    topics: array({
      name: string,
      topicId: uuid.since(7).ignorable(),
      errorCode: errorCode,
      errorMessage: string.nullable(),
      topicConfigErrorCode: errorCode.since(5).tagged(0).ignorable(),
      numPartitions: int32.since(5).default(-1).ignorable(),
      replicationFactor: int16.since(5).default(-1).ignorable(),
      configs: array({
        name: string,
        value: string.nullable(),
        readOnly: bool,
        configSource: int8.default(-1),
        isSensitive: bool,
      })
        .since(5)
        .nullable()
        .ignorable(),
    }),
  },
)
