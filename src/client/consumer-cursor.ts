// The queue of a consumer on main: batches as records, one at a time or a handful. [main thread]
import type { Clock } from '../base/clock.ts'
import type { Batch } from '../delivery/batch.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import type { ConsumerPartition } from './consumer-partition.ts'
import type { SourceBatch } from './consumer-source.ts'
import { type Patience, Turns } from './turns.ts'

type Pull = (idleMs: number | undefined, ending?: AbortSignal) => Promise<SourceBatch | 'idle' | 'end'>

/** Stands in one batch at a time. Records that are processed already are passed over. */
export class ConsumerCursor<K, V> {
  readonly #pull: Pull
  #batch: Batch<K, V> | undefined
  #partition: ConsumerPartition | undefined
  #row = 0
  /** Given, but nobody looked at them: the next that are given. */
  #unread: { record: ConsumerRecord<K, V>; partition: ConsumerPartition }[] = []
  /** Of the record that was given last. */
  #lastPartition: ConsumerPartition | undefined
  /** An error that came after records, which were given first: the next call tells. */
  #late: { error: unknown } | undefined
  readonly #turns: Turns

  constructor(pull: Pull, clock: () => Promise<Clock>) {
    this.#pull = pull
    this.#turns = new Turns(clock)
  }

  /** The next record, at once if it is there. Waits at most so long, and until `ending` fires. */
  next(
    idleMs: number | undefined,
    ending?: AbortSignal,
  ): ConsumerRecord<K, V> | Promise<ConsumerRecord<K, V> | 'idle' | 'end'> {
    if (this.#turns.free) {
      const record = this.#step()
      if (record !== undefined) return record
    }
    return this.#nextInTurn({ timeoutMs: idleMs, ending })
  }

  /** Up to `max` records: those that are there; the first is waited for, at most so long, and until `ending` fires. */
  async take(max: number, patience: Patience): Promise<ConsumerRecord<K, V>[]> {
    const { ending } = patience
    const taken = await this.#turns.take(async (timeoutMs) => {
      const records: ConsumerRecord<K, V>[] = []
      while (records.length < max) {
        const none = records.length === 0
        try {
          const record = this.#step()
          if (record !== undefined) {
            records.push(record)
            continue
          }
        } catch (error) {
          // Those before it are given first; it is met again.
          if (none) throw error
          break
        }
        const pulled = await this.#fill(none ? timeoutMs : 0, ending).catch((error) => {
          if (none) throw error
          this.#late = { error }
          return 'idle'
        })
        if (pulled !== undefined) break
      }
      return records
    }, patience)
    return taken ?? []
  }

  /** What is left of the batch it stands in, else the next batch. */
  async nextBatch(): Promise<Batch<K, V> | 'idle' | 'end'> {
    const taken = await this.#turns.take(async () => {
      for (;;) {
        const batch = this.#batch
        if (batch !== undefined && !batch.released && this.#row < batch.count) {
          const partition = this.#partition!
          this.#batch = undefined
          partition.given = batch.nextOffset
          return batch.part(this.#row, batch.count)
        }
        this.#leave()
        const pulled = await this.#fill(undefined)
        if (pulled !== undefined) return pulled
      }
    })
    return taken ?? 'idle'
  }

  /** An error that whoever asks next is to hear: those who asked now have records. */
  tellLater(error: unknown): void {
    this.#late = { error }
  }

  /** Of the record that was given last: how to take it back, should nobody look at it; and whether a seek voided it. */
  given(record: ConsumerRecord<K, V>): { unread(): void; stale(): boolean } {
    const partition = this.#lastPartition!
    const { generation } = partition.tracker
    const stale = () => !partition.live || partition.tracker.generation !== generation
    const unread = () => {
      if (stale()) return
      partition.given = Math.min(partition.given, record.offset)
      this.#unread.push({ record, partition })
    }
    return { unread, stale }
  }

  /** Gives back the batch it stands in, if it is of this partition, or any. */
  drop(partition?: ConsumerPartition): void {
    this.#unread = partition === undefined ? [] : this.#unread.filter((one) => one.partition !== partition)
    if (partition === undefined || partition === this.#partition) this.#leave()
  }

  async #nextInTurn(patience: Patience): Promise<ConsumerRecord<K, V> | 'idle' | 'end'> {
    const taken = await this.#turns.take(async (timeoutMs) => {
      for (;;) {
        const record = this.#step()
        if (record !== undefined) return record
        const pulled = await this.#fill(timeoutMs, patience.ending)
        if (pulled !== undefined) return pulled
      }
    }, patience)
    return taken ?? 'idle'
  }

  async #fill(idleMs: number | undefined, ending?: AbortSignal): Promise<'idle' | 'end' | undefined> {
    const late = this.#late
    this.#late = undefined
    if (late !== undefined) throw late.error
    const pulled = await this.#pull(idleMs, ending)
    if (typeof pulled === 'string') return pulled
    if (pulled.partition.isVoid(pulled.batch.nextOffset)) {
      pulled.batch.release()
      return undefined
    }
    this.#batch = pulled.batch as Batch<K, V>
    this.#partition = pulled.partition
    this.#row = 0
    return undefined
  }

  #step(): ConsumerRecord<K, V> | undefined {
    if (this.#unread.length > 0) {
      const again = this.#unread.shift()!
      this.#lastPartition = again.partition
      again.partition.given = again.record.offset + 1
      return again.record
    }
    const batch = this.#batch
    if (batch === undefined) return undefined
    const partition = this.#partition!
    while (this.#row < batch.count) {
      const row = this.#row
      if (!partition.tracker.isDone(batch.offsetAt(row))) {
        // Thrown here, the row is met again, unless `error.record.ack()` is called meanwhile.
        const record = batch.decodeAt(row)
        if (record === undefined) batch.ack(row)
        else {
          this.#row++
          partition.given = this.#row < batch.count ? batch.offsetAt(this.#row) : batch.nextOffset
          this.#lastPartition = partition
          return record
        }
      }
      this.#row++
    }
    this.#leave()
    return undefined
  }

  #leave(): void {
    this.#batch?.release()
    this.#batch = undefined
    this.#partition = undefined
    this.#row = 0
  }
}
