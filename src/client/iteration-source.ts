// An iteration as a source of flows: what is taken ahead when it is left is for the next loop. [main thread]
import type { ConsumerRecord } from '../delivery/record.ts'
import { type FlowSource, Given } from './flow-source.ts'
import type { RecordCursor } from './record-cursor.ts'

/** What it reads. */
export interface IterationPlace<K, V> {
  /** The one in use: another after the iteration was left. */
  cursor(): RecordCursor<K, V>
  leave(): Promise<void>
}

/** Records without idle ticks. Nothing has to be told of them, as an iteration commits nothing. */
export class IterationSource<K, V> implements FlowSource<ConsumerRecord<K, V>> {
  readonly #place: IterationPlace<K, V>
  #cursor: RecordCursor<K, V> | undefined
  /** The last record that was given before, or that user code has. */
  #seen: ConsumerRecord<K, V> | undefined
  #over = false

  constructor(place: IterationPlace<K, V>) {
    this.#place = place
  }

  async next(): Promise<Given<ConsumerRecord<K, V>> | undefined> {
    while (!this.#over) {
      this.#cursor = this.#place.cursor()
      this.#seen = this.#cursor.last
      const { done, value } = await this.#cursor.next()
      if (done) this.#over = true
      else if (value !== undefined) return this.#given(value)
    }
    return undefined
  }

  /** An end that it came to has left the iteration already. */
  async close(): Promise<void> {
    if (this.#over) return
    this.#over = true
    if (this.#cursor?.last !== this.#seen) this.#cursor?.takeBack()
    await this.#place.leave()
  }

  #given(value: ConsumerRecord<K, V>): Given<ConsumerRecord<K, V>> {
    const seen = () => {
      this.#seen = value
    }
    return new Given(value, { seen, done() {}, left: seen, unread() {} })
  }
}
