// What a producer tells about records that nobody awaits: reports, interceptors, and failures of many at once.
// [main thread]
import { MillraceError } from '../base/errors.ts'
import type { DeliverySink, RecordMetadata } from './producer-deliveries.ts'
import type { ProducerRecord } from './producer-record.ts'

/** What became of one record. */
export interface DeliveryReport<K = unknown, V = unknown> extends Omit<RecordMetadata, 'partition' | 'timestamp'> {
  /** Undefined where the record failed before its partition was chosen. */
  readonly partition: number | undefined
  /** Undefined where the record failed before it had one. */
  readonly timestamp: number | undefined
  /** Undefined: it is stored. `error.stored` says whether it may be all the same. */
  readonly error?: MillraceError | undefined
  /** As it was given. */
  readonly record: ProducerRecord<K, V>
}

/** Sees every record of a producer on its way. What it throws harms nobody: it is reported, and passed over. */
export interface ProducerInterceptor<K = unknown, V = unknown> {
  /** Before a record is serialized; may return another one in its place. */
  onSend?(record: ProducerRecord<K, V>): ProducerRecord<K, V> | undefined
  /** When it is known what became of a record. */
  onAck?(report: DeliveryReport<K, V>): void
}

/** Some records of a `sendBatch` were not delivered. */
export class BatchNotDelivered extends MillraceError {
  override name = 'BatchNotDelivered'
  /** One for each record, in their order. */
  readonly reports: readonly DeliveryReport[]

  constructor(reports: readonly DeliveryReport[]) {
    const failed = reports.filter(({ error }) => error !== undefined)
    const first = failed[0]!.error!
    const text = `${failed.length} of ${reports.length} records were not delivered; the first: ${first.message}`
    super('BATCH_NOT_DELIVERED', text, { ...first, cause: first })
    this.reports = reports
  }
}

/** Calls one function of the user's for each record, which is what it is told `about`. */
export function reportTo(tell: (report: DeliveryReport) => void): DeliverySink {
  return {
    delivered: (record, { topic, partition, offset, timestamp }) =>
      tell({ topic, partition, offset, timestamp, record: record as ProducerRecord<unknown, unknown> }),
    failed: (record, error, { topic, partition, timestamp }) =>
      tell({
        topic,
        partition,
        offset: undefined,
        timestamp,
        error,
        record: record as ProducerRecord<unknown, unknown>,
      }),
  }
}
