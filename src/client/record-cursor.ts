// Reads batches as records: one at a time, or a handful. [main thread]
import type { Clock } from '../base/clock.ts'
import type { Batch } from '../delivery/batch.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import type { Pulled } from './batch-stream.ts'
import type { PartitionProgress } from './partition-reader.ts'
import { type Patience, Turns } from './turns.ts'

/** Where a cursor gets its batches. */
export interface CursorPlan {
  pull(idleMs: number | undefined, ending?: AbortSignal): Promise<Pulled>
  idleMs: number | undefined
  /** A turn for the event loop, when it is time for one. */
  rest(): Promise<void> | undefined
  clock(): Promise<Clock>
  /** The last record was given, or none can be given any more: what is held can be freed. */
  ended(): Promise<void>
}

type Step<K, V> = IteratorResult<ConsumerRecord<K, V>, undefined>

/** Looks at the clock every so many records. */
const REST_EVERY = 64

/** What a handful of records is to be. */
export interface TakeOptions extends Patience {
  max: number
}

/** Stands in one batch at a time. */
export class RecordCursor<K, V> {
  readonly #plan: CursorPlan
  #batch: Batch<K, V> | undefined
  #progress: PartitionProgress | undefined
  #next = 0
  readonly #turns: Turns
  #given = 0
  #over = false
  #last: { record: ConsumerRecord<K, V>; progress: PartitionProgress } | undefined

  constructor(plan: CursorPlan) {
    this.#plan = plan
    this.#turns = new Turns(plan.clock)
  }

  /** The next record; `undefined` after `idleMs` without one; done at the end. */
  next(): Promise<Step<K, V>> {
    if (this.#turns.free && ++this.#given % REST_EVERY !== 0) {
      try {
        const record = this.#step()
        if (record !== undefined) return Promise.resolve({ done: false, value: record })
      } catch (error) {
        return this.#left(error)
      }
    }
    return this.#turns.take(() => this.#nextSlow()) as Promise<Step<K, V>>
  }

  /** Up to `max` records: waits for the first one only. `later` is told of an error after some. */
  async take({ max, ...patience }: TakeOptions, later: (error: unknown) => void): Promise<ConsumerRecord<K, V>[]> {
    const taken = await this.#turns.take(async (timeoutMs) => {
      const records: ConsumerRecord<K, V>[] = []
      await this.#plan.rest()
      try {
        while (records.length < max) {
          const record = this.#step()
          if (record !== undefined) records.push(record)
          else if (records.length > 0 && !(await this.#fill(0))) break
          else if (records.length === 0 && !(await this.#fill(timeoutMs, patience.ending))) break
        }
      } catch (error) {
        if (records.length === 0) throw error
        later(error)
      }
      return records
    }, patience)
    return taken ?? []
  }

  /** Whether it stands in a batch of which not all was given. */
  get holdsRest(): boolean {
    return this.#batch !== undefined && !this.#batch.released && this.#next < this.#batch.count
  }

  /** The record that was given last. */
  get last(): ConsumerRecord<K, V> | undefined {
    return this.#last?.record
  }

  /** Nobody looked at the record that was given last: leaves it to the next loop. */
  takeBack(): void {
    this.drop()
    const { record, progress } = this.#last!
    progress.position = record.offset
    if (progress.state === 'done') progress.state = 'active'
  }

  /** All calls so far have come back. */
  async settled(): Promise<void> {
    await this.#turns.take(async () => undefined)
  }

  /** Leaves the batch it stands in, for good: what of it was not given is read again by the next loop. */
  drop(): void {
    this.#over = true
    this.#settlePosition()
    this.#batch?.release()
    this.#batch = undefined
  }

  /** A loop does not call `return` after an error of `next`: it is left all the same. */
  async #left(error: unknown): Promise<never> {
    await this.#plan.ended()
    throw error
  }

  async #nextSlow(): Promise<Step<K, V>> {
    await this.#plan.rest()
    for (;;) {
      let record: ConsumerRecord<K, V> | undefined
      try {
        record = this.#step()
      } catch (error) {
        return this.#left(error)
      }
      if (record !== undefined) return { done: false, value: record }
      const pulled = await this.#plan.pull(this.#plan.idleMs)
      if (pulled === 'end') {
        await this.#plan.ended()
        return { done: true, value: undefined }
      }
      if (pulled === 'idle') return { done: false, value: undefined as unknown as ConsumerRecord<K, V> }
      this.#enter(pulled)
    }
  }

  /** Enters the next batch; false when none came in time, or none will. */
  async #fill(timeoutMs: number | undefined, ending?: AbortSignal): Promise<boolean> {
    const pulled = await this.#plan.pull(timeoutMs, ending)
    if (pulled === 'end') await this.#plan.ended()
    if (pulled === 'end' || pulled === 'idle') return false
    this.#enter(pulled)
    return true
  }

  #enter({ reader, batch }: Exclude<Pulled, string>): void {
    this.#batch = batch as Batch<K, V>
    this.#progress = reader.progress
    this.#next = 0
    if (this.#over) this.drop()
  }

  #step(): ConsumerRecord<K, V> | undefined {
    const batch = this.#batch
    if (batch === undefined) return undefined
    while (this.#next < batch.count && this.#progress!.state !== 'stopped') {
      const record = batch.decodeAt(this.#next++)
      if (record === undefined) continue
      this.#last = { record, progress: this.#progress! }
      return record
    }
    this.#batch = undefined
    batch.release()
    return undefined
  }

  /** The partition's position ran ahead to the end of the batch when it was taken: back to what was not given. */
  #settlePosition(): void {
    const batch = this.#batch
    const progress = this.#progress
    if (batch === undefined || progress === undefined || !this.holdsRest) return
    progress.position = batch.offsetAt(this.#next)
    if (progress.state === 'done') progress.state = 'active'
  }
}
