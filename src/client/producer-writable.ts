// A producer as a stream of Node's. [main thread]
import { Writable } from 'node:stream'
import type { ProducerRecord, SendOptions } from './producer-record.ts'

/** What `toWritable` takes. */
export interface WritableRecordOptions extends SendOptions {
  /** Given, what is written are plain values for it; otherwise records. */
  readonly topic?: string | undefined
}

interface Flushable<K, V> {
  enqueue(record: ProducerRecord<K, V>, options?: SendOptions): Promise<void> | undefined
  flush(): Promise<void>
}

/** Objects are taken as fast as there is room; the end of the stream waits until all are delivered. */
export class ProducerWritable<K, V> extends Writable {
  readonly #producer: Flushable<K, V>
  readonly #options: WritableRecordOptions

  /** @internal */
  constructor(producer: Flushable<K, V>, options: WritableRecordOptions) {
    super({ objectMode: true })
    this.#producer = producer
    this.#options = options
  }

  override _write(chunk: unknown, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    const { topic } = this.#options
    const record = (topic === undefined ? chunk : { topic, value: chunk }) as ProducerRecord<K, V>
    try {
      const full = this.#producer.enqueue(record, this.#options)
      if (full === undefined) done()
      else full.then(() => done(), done)
    } catch (error) {
      done(error as Error)
    }
  }

  override _final(done: (error?: Error | null) => void): void {
    this.#producer.flush().then(() => done(), done)
  }
}
