// Who waits for which record of a batch, and what each is told. [main thread]
import type { MillraceError } from '../base/errors.ts'

/** Where a record went. */
export interface RecordMetadata {
  topic: string
  partition: number
  /** Undefined where no broker said so: acks 0, or a batch that was stored long ago already. */
  offset: number | undefined
  /** Milliseconds since the epoch: the record's own, or the broker's where the topic has LogAppendTime. */
  timestamp: number
}

/** Where a record was to go. */
export interface FailedPlace {
  topic: string
  /** Undefined: it was not chosen yet. */
  partition: number | undefined
  /** The record's own. */
  timestamp: number
}

/** Somebody who is told what became of records. `a` and `b` are what was given with the record. */
export interface DeliverySink {
  delivered(a: unknown, b: unknown, metadata: RecordMetadata): void
  failed(a: unknown, b: unknown, error: MillraceError, place: FailedPlace): void
}

/** The records of one batch that somebody waits for. Records that nobody waits for cost nothing. */
export class Deliveries {
  readonly #sinks: (DeliverySink | undefined)[] = []
  readonly #as: unknown[] = []
  readonly #bs: unknown[] = []
  readonly #timestamps: number[] = []
  /** Records that somebody waits for. */
  count = 0

  /** Record number `index` of the batch; indexes rise. */
  add(index: number, sink: DeliverySink, a: unknown, b: unknown, timestamp: number): void {
    while (this.#sinks.length < index) this.#push(undefined, undefined, undefined, 0)
    this.#push(sink, a, b, timestamp)
    this.count++
  }

  /** The batch is stored: record i at `baseOffset + i`. */
  delivered(topic: string, partition: number, baseOffset: number, logAppendTime: number): void {
    for (let i = 0; i < this.#sinks.length; i++) {
      const sink = this.#sinks[i]
      if (sink === undefined) continue
      const offset = baseOffset < 0 ? undefined : baseOffset + i
      const timestamp = logAppendTime < 0 ? this.#timestamps[i]! : logAppendTime
      sink.delivered(this.#as[i], this.#bs[i], { topic, partition, offset, timestamp })
    }
  }

  failed(topic: string, partition: number, error: MillraceError): void {
    for (let i = 0; i < this.#sinks.length; i++) {
      const place = { topic, partition, timestamp: this.#timestamps[i]! }
      this.#sinks[i]?.failed(this.#as[i], this.#bs[i], error, place)
    }
  }

  #push(sink: DeliverySink | undefined, a: unknown, b: unknown, timestamp: number): void {
    this.#sinks.push(sink)
    this.#as.push(a)
    this.#bs.push(b)
    this.#timestamps.push(timestamp)
  }
}
