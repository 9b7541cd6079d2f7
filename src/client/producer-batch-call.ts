// One call of `sendBatch`: hands its records over as fast as there is room, and waits for all of them. [main thread]
import type { MillraceError } from '../base/errors.ts'
import type { DeliverySink, RecordMetadata } from './producer-deliveries.ts'
import type { Outgoing, Waiter } from './producer-outgoing.ts'
import type { ProducerRecord } from './producer-record.ts'
import { BatchNotDelivered, type DeliveryReport } from './producer-report.ts'

/** How a call hands over and ends. */
export interface BatchCallParts {
  count: number
  recordAt(index: number): ProducerRecord<unknown, unknown>
  /** As `ProducerCore.take`, with the call as the sink. */
  take(record: ProducerRecord<unknown, unknown>, index: number): Outgoing
  /** As `ProducerCore.giveUp`. */
  giveUp(waiting: Outgoing, error: MillraceError): void
  resolve(results: RecordMetadata[]): void
  reject(error: unknown): void
}

/** Its records stay in order; while one waits for room, the ones behind it are not looked at. */
export class BatchCall implements DeliverySink, Waiter {
  readonly #parts: BatchCallParts
  readonly #results: RecordMetadata[]
  readonly #errors = new Map<number, MillraceError>()
  #next = 0
  #left: number
  #waiting: Outgoing | undefined
  /** Why the first one was refused that waited. */
  #refusal: MillraceError | undefined
  #over = () => {}
  /** Resolves when no record has to be handed over any more. */
  readonly handedOver = new Promise<void>((resolve) => {
    this.#over = resolve
  })

  constructor(parts: BatchCallParts) {
    this.#parts = parts
    this.#left = parts.count
    this.#results = new Array(parts.count)
    if (parts.count === 0) parts.resolve([])
  }

  /** Hands over; the rest later, where a record has to wait. `over` is called when none is left. */
  start(over: () => void): void {
    void this.handedOver.then(over)
    this.#run()
  }

  #run(): void {
    const { count, recordAt, take } = this.#parts
    while (this.#next < count) {
      const index = this.#next++
      try {
        const outgoing = take(recordAt(index), index)
        if (!outgoing.waited) continue
        if (this.#refusal !== undefined) {
          this.#parts.giveUp(outgoing, this.#refusal)
          continue
        }
        outgoing.waiter = this
        this.#waiting = outgoing
        return
      } catch (error) {
        this.failed(index, error as MillraceError)
      }
    }
    this.#over()
  }

  /** What was not handed over yet fails with this error. */
  stop(error: MillraceError): void {
    // Also for a record that is just being handed over, by a serializer that fires the signal.
    this.#refusal ??= error
    const from = this.#next
    this.#next = this.#parts.count
    if (this.#waiting !== undefined) this.#parts.giveUp(this.#waiting, error)
    for (let index = from; index < this.#parts.count; index++) this.failed(index, error)
    this.#over()
  }

  admitted(): void {
    this.#waiting = undefined
    this.#run()
  }

  /** The records behind it waited as long: those that find room go, none of them waits again. */
  refused(error: MillraceError): void {
    this.#waiting = undefined
    this.#refusal = error
    this.#run()
  }

  delivered(index: unknown, metadata: RecordMetadata): void {
    this.#results[index as number] = metadata
    this.#settled()
  }

  failed(index: unknown, error: MillraceError): void {
    this.#errors.set(index as number, error)
    this.#settled()
  }

  #settled(): void {
    this.#left--
    if (this.#left > 0) return
    const { resolve, reject, count } = this.#parts
    if (this.#errors.size === 0) return resolve(this.#results)
    const [first] = this.#errors.values()
    const isOne = this.#errors.size === count && [...this.#errors.values()].every(({ code }) => code === first!.code)
    reject(isOne ? first : new BatchNotDelivered(this.#reports()))
  }

  #reports(): DeliveryReport[] {
    return Array.from({ length: this.#parts.count }, (_, index) => {
      const record = this.#parts.recordAt(index)
      const error = this.#errors.get(index)
      if (error === undefined) return { ...this.#results[index]!, record }
      const { topic, partition, timestamp } = record
      const when = timestamp instanceof Date ? timestamp.getTime() : timestamp
      return { topic, partition: partition ?? error.partition, offset: undefined, timestamp: when, error, record }
    })
  }
}
