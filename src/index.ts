// The public surface of millrace. [main thread]
export * from './base/errors.ts'
export { Batch } from './client/batch.ts'
export { RecordHeaders } from './client/headers.ts'
export type { Iteration, PollOptions } from './client/iteration.ts'
export type { From, TopicSpec, TopicsArgument } from './client/iteration-spec.ts'
export type { FetchOptions, IterateOptions, KafkaOptions } from './client/options.ts'
export type { IterationStats, Latency } from './client/read-stats.ts'
export { ConsumerRecord } from './client/record.ts'
export { DeserializationError } from './client/record-decoder.ts'
export { type RetryOptions, retry } from './client/retry.ts'
export {
  type Deserializer,
  int32,
  int64,
  json,
  raw,
  type Sendable,
  type Serde,
  type SerdeContext,
  type Serializer,
  string,
  uuid,
} from './client/serdes.ts'
export { Kafka } from './wiring/kafka.ts'
