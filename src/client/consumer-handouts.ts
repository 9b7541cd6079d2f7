// What a consumer gives to loops, to `poll` and to `recv`, and when it counts as processed. [main thread]
import type { Batch } from '../delivery/batch.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import { ConsumerCursor } from './consumer-cursor.ts'
import type { ConsumerPartition } from './consumer-partition.ts'
import type { SourceBatch } from './consumer-source.ts'
import { type FlowSource, Given } from './flow-source.ts'

/** Whom they ask. */
export interface HandoutPlan {
  pull(idleMs: number | undefined): Promise<SourceBatch | 'idle' | 'end'>
  /** Throws when nothing may be asked for now. */
  check(): void
  /** The consumer was closed: loops are at their end. */
  closed(): boolean
}

type Handout<K, V> = ConsumerRecord<K, V> | Batch<K, V>

/** Each way of reading marks what it gave as processed when it is asked for more. */
export class ConsumerHandouts<K, V> {
  readonly #plan: HandoutPlan
  readonly #cursor: ConsumerCursor<K, V>
  /** Given by a loop that was left: processed when anything else is asked for. */
  #left: Handout<K, V>[] = []
  #polled: ConsumerRecord<K, V>[] = []
  #received: ConsumerRecord<K, V>[] = []

  constructor(plan: HandoutPlan) {
    this.#plan = plan
    this.#cursor = new ConsumerCursor((idleMs) => plan.pull(idleMs))
  }

  /** Record by record, until the consumer is closed. */
  records(): AsyncIterator<ConsumerRecord<K, V>, undefined> {
    let given: ConsumerRecord<K, V> | undefined
    let left = false
    return {
      next: async () => {
        if (left || this.#plan.closed()) return { done: true, value: undefined }
        this.#ask()
        given?.ack()
        given = undefined
        const got = await this.#cursor.next(undefined)
        if (typeof got === 'string') return { done: true, value: undefined }
        given = got
        return { done: false, value: got }
      },
      return: async () => {
        left = true
        if (given !== undefined) this.#left.push(given)
        return { done: true, value: undefined }
      },
    }
  }

  /** Record by record, for functions that say of each what became of it. */
  source(): FlowSource<ConsumerRecord<K, V>> {
    let over = false
    return {
      next: async () => {
        if (over || this.#plan.closed()) return undefined
        this.#ask()
        const record = await this.#cursor.next(undefined)
        if (typeof record === 'string') return undefined
        const giveBack = this.#cursor.given(record)
        return new Given(record, {
          done: () => record.ack(),
          left: () => void this.#left.push(record),
          unread: giveBack,
        })
      },
      close: async () => {
        over = true
      },
    }
  }

  /** Batch by batch; each is released when the next one is asked for. */
  batches(): AsyncIterableIterator<Batch<K, V>, undefined> {
    let given: Batch<K, V> | undefined
    let left = false
    const iterator: AsyncIterableIterator<Batch<K, V>, undefined> = {
      next: async () => {
        given?.release()
        if (left || this.#plan.closed()) return { done: true, value: undefined }
        this.#ask()
        given?.ack()
        given = undefined
        const got = await this.#cursor.nextBatch(undefined)
        if (typeof got === 'string') return { done: true, value: undefined }
        given = got
        return { done: false, value: got }
      },
      return: async () => {
        left = true
        given?.release()
        if (given !== undefined) this.#left.push(given)
        return { done: true, value: undefined }
      },
      [Symbol.asyncIterator]: () => iterator,
    }
    return iterator
  }

  /** Up to `max` records: those that are there, or that come within `timeoutMs`. */
  async poll(max: number, timeoutMs: number | undefined): Promise<ConsumerRecord<K, V>[]> {
    this.#ask()
    for (const record of this.#polled.splice(0)) record.ack()
    const records = await this.#cursor.take(max, timeoutMs)
    this.#polled.push(...records)
    return records
  }

  /** The next record; undefined when the consumer was closed meanwhile. */
  async recv(): Promise<ConsumerRecord<K, V> | undefined> {
    this.#ask()
    for (const record of this.#received.splice(0)) record.ack()
    const record = await this.#cursor.next(undefined)
    if (typeof record === 'string') return undefined
    this.#received.push(record)
    return record
  }

  /** All that was given counts as processed, and nothing is held: somebody else reads from here on. */
  settle(): void {
    this.#ask()
    for (const given of [...this.#polled.splice(0), ...this.#received.splice(0)]) given.ack()
    this.drop()
  }

  /** Gives back the batch that records are taken from, if it is of this partition, or any. */
  drop(partition?: ConsumerPartition): void {
    this.#cursor.drop(partition)
  }

  /** What was given is of an assignment that is over. */
  forget(): void {
    this.drop()
    this.#left = []
    this.#polled = []
    this.#received = []
  }

  /** What was given by a loop that is gone counts as processed: something else is asked for. */
  #ask(): void {
    this.#plan.check()
    for (const given of this.#left.splice(0)) given.ack()
  }
}
