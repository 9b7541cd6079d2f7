// What user code is told of partitions that come and go. [main thread]
import type { TopicPartition } from './consumer-partition.ts'

/** Each is awaited, at most until the group would go on without this member; heartbeats go on meanwhile. */
export interface RebalanceListener {
  /** These are new; `assignment()` has all. Seek in here, and nothing else of them is read first. */
  onAssigned?(partitions: TopicPartition[]): unknown
  /** These go to others when this is done: commit here what is processed. Also called on close and `unsubscribe`. */
  onRevoked?(partitions: TopicPartition[]): unknown
  /** These may be with others already: nothing of them can be committed any more. */
  onLost?(partitions: TopicPartition[]): unknown
}
