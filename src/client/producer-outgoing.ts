// A record on its way from the caller into a batch. [main thread]
import type { MillraceError } from '../base/errors.ts'
import { type HeadersToWrite, inUtf8, type RecordText, recordBytes, recordBytesMax } from '../record/record-writer.ts'
import type { SendWay } from './producer-batch.ts'
import type { Audience, RecordMetadata } from './producer-deliveries.ts'
import type { PartitionQueue } from './producer-partition.ts'
import type { TopicQueue } from './producer-topic.ts'

/** Somebody who is told when a record that had to wait is in a batch, or will never be. */
export interface Waiter {
  admitted(): void
  refused(error: MillraceError): void
}

/** One is used again and again, until a record has to wait: then it waits, and a new one takes its place. */
export class Outgoing {
  topic!: TopicQueue
  /** Undefined: the partitioner chooses. */
  partition: number | undefined
  key: Uint8Array | null = null
  value: RecordText = null
  headers: HeadersToWrite | undefined
  timestamp = 0
  way!: SendWay
  transaction: number | undefined
  /** What the caller gave, for partitioners and whoever looks on. */
  record: unknown
  audience!: Audience
  /** For its sink. */
  about: unknown
  /** Its sender's, when it is in a batch. */
  promise: Promise<RecordMetadata> | undefined
  /** Where it goes, once that is known. */
  queue: PartitionQueue | undefined
  /** Bytes that suffice for it, as `measure` found. */
  bytesMax = 0
  /** It could not go into a batch at once. */
  waited = false
  /** When it began to wait; Infinity: it did not. */
  waitsSinceMs = Number.POSITIVE_INFINITY
  waiter: Waiter | undefined
  /** It waits no more. */
  left = false
  /** Called then. */
  whenLeft: (() => void)[] | undefined

  /** Ready for the next record: whatever depends on the last one is forgotten. */
  reset(): void {
    this.queue = undefined
    this.promise = undefined
    this.waiter = undefined
  }

  /** Sets `bytesMax`, also after `toBytes`. */
  measure(): number {
    this.bytesMax = recordBytesMax(this.key, this.value, this.headers)
    return this.bytesMax
  }

  /** Makes bytes of all text: then `bytesMax` is too much by a few bytes at most. */
  toBytes(): void {
    this.value = inUtf8(this.value)
    this.headers = this.headers?.map(([name, text]) => [inUtf8(name)!, inUtf8(text)] as const)
    this.measure()
  }

  /** Exactly; `toBytes` was called. */
  get sizeBytes(): number {
    return recordBytes(this.key, this.value as Uint8Array | null, this.headers)
  }
}
