// The public surface of millrace. [main thread]
export * from './base/errors.ts'
export type { Admin, AdminChangeOptions, CreatedTopic } from './client/admin.ts'
export type { ListedTopic, PartitionDescription, TopicDescription } from './client/admin-describe.ts'
export type { NewPartitions, NewTopic, ReplicaAssignments, TopicReference } from './client/admin-topic.ts'
export type { CommitCallback } from './client/async-commits.ts'
export type { CloseOptions } from './client/close-options.ts'
export type { CommittedOffset, OffsetToCommit } from './client/committer.ts'
export { CompactedTable, type TableChange, type TableMetrics, type TableRecord } from './client/compacted-table.ts'
export { CompactedTopicConsumer } from './client/compacted-topic-consumer.ts'
export type { Consumer } from './client/consumer.ts'
export type { ConsumerEvents } from './client/consumer-events.ts'
export type { ConsumerInterceptor } from './client/consumer-interceptors.ts'
export type { AssignedPartition, TopicPartition } from './client/consumer-partition.ts'
export type { ConsumerStats, PartitionStats } from './client/consumer-stats.ts'
export type { KafkaEvents } from './client/events.ts'
export type { RebalanceListener } from './client/group-listener.ts'
export type { Iteration } from './client/iteration.ts'
export type { From, TopicSpec, TopicsArgument } from './client/iteration-spec.ts'
export type { Latency } from './client/latency-histogram.ts'
export type { ConsumerOptions, FetchOptions, IterateOptions, KafkaOptions } from './client/options.ts'
export type { InitialOffset } from './client/options-group.ts'
export type { Acks, Compression, PartitionChoice } from './client/options-producer.ts'
export type { ResourceLimits } from './client/options-run.ts'
export type { Producer, ProducerOptions } from './client/producer.ts'
export type { RecordMetadata } from './client/producer-deliveries.ts'
export type { TransactionOptions } from './client/producer-pool.ts'
export type { HeadersGiven, ProducerRecord, SendOptions, TopicRecord } from './client/producer-record.ts'
export { BatchNotDelivered, type DeliveryReport, type ProducerInterceptor } from './client/producer-report.ts'
export type { SendCallOptions } from './client/producer-sender.ts'
export type { ProducerStats } from './client/producer-stats.ts'
export type { TopicProducer } from './client/producer-topic-view.ts'
export type { IterationStats, Latencies } from './client/read-stats.ts'
export { type RetryOptions, retry } from './client/retry.ts'
export type {
  RunBatchOptions,
  RunContext,
  RunOptions,
  RunProcessorOptions,
  RunRecordOptions,
} from './client/run-options.ts'
export type { ConsumerTableOptions, TableOptions } from './client/table-options.ts'
export { TableView } from './client/table-view.ts'
export { TopicsFailed } from './client/topics-failed.ts'
export type { Transaction, TransactionState } from './client/transaction.ts'
export type { PollOptions, WaitOptions } from './client/wait-options.ts'
export type { GroupAssignment, GroupMember, GroupPartition, GroupTopic } from './control/grouping.ts'
export type { OnError, RetryPolicy } from './delivery/attempts.ts'
export { Batch } from './delivery/batch.ts'
export { RecordHeaders } from './delivery/headers.ts'
export type { Order } from './delivery/lanes.ts'
export { ConsumerRecord } from './delivery/record.ts'
export { DeserializationError } from './delivery/record-decoder.ts'
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
} from './delivery/serdes.ts'
export type { EngineStats } from './engine/engine-stats.ts'
export type { Assignor } from './group/assignor.ts'
export { assignors } from './group/assignors.ts'
export { Kafka } from './wiring/kafka.ts'
