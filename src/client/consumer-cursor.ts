// The queue of a consumer on main: batches as records, one at a time or a handful. [main thread]
import type { Clock } from '../base/clock.ts'
import type { Batch } from '../delivery/batch.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import type { ConsumerPartition } from './consumer-partition.ts'
import type { SourceBatch } from './consumer-source.ts'
import { HandedBack, Loan, type Place } from './handed-back.ts'
import type { ReadAhead } from './read-ahead.ts'
import { type Patience, Turns } from './turns.ts'

type Pull = (idleMs: number | undefined, ending?: AbortSignal) => Promise<SourceBatch | 'idle' | 'end'>

/** Stands in one batch at a time. Records that are processed already are passed over. */
export class ConsumerCursor<K, V> {
  readonly #pull: Pull
  #batch: Batch<K, V> | undefined
  #partition: ConsumerPartition | undefined
  #row = 0
  readonly #handedBack = new HandedBack<K, V>()
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
    return this.#inTurn(() => this.#step(), { timeoutMs: idleMs, ending })
  }

  /** As `next`, for a reader that may hand it back. */
  lend(idleMs: number | undefined, ahead: ReadAhead<K, V>): Loan<K, V> | Promise<Loan<K, V> | 'idle' | 'end'> {
    const loan = this.#turns.free ? this.#loan(ahead) : undefined
    return loan ?? this.#inTurn(() => this.#loan(ahead), { timeoutMs: idleMs, ending: ahead.ending })
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

  /** What was handed back, else what is left of the batch it stands in, else the next. Waits until `ending` fires. */
  nextBatch(ending: AbortSignal): Promise<Batch<K, V> | 'idle' | 'end'> {
    return this.#inTurn(() => this.#handedBack.takeBatch() ?? this.#rest(), { ending })
  }

  /** An error that whoever asks next is to hear: those who asked now have records. */
  tellLater(error: unknown): void {
    this.#late = { error }
  }

  /** Gives back the batch it stands in, if it is of this partition, or any. */
  drop(partition?: ConsumerPartition): void {
    this.#handedBack.drop(partition)
    if (partition === undefined || partition === this.#partition) this.#leave()
  }

  async #inTurn<T>(step: () => T | undefined, patience: Patience): Promise<T | 'idle' | 'end'> {
    const taken = await this.#turns.take(async (timeoutMs) => {
      for (;;) {
        // Whoever is gone takes nothing: it would be missed, or come late, where the next one reads on.
        if (patience.ending?.aborted) return 'idle'
        const stepped = step()
        if (stepped !== undefined) return stepped
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
    return this.#handedBack.take()?.record ?? this.#fresh()
  }

  #loan(ahead: ReadAhead<K, V>): Loan<K, V> | undefined {
    // Within the turn: the next one may begin before who asked goes on.
    const place = this.#handedBack.take() ?? this.#freshPlace()
    ahead.loan = place && new Loan(place, this.#handedBack)
    return ahead.loan
  }

  #freshPlace(): Place<K, V> | undefined {
    const record = this.#fresh()
    if (record === undefined) return undefined
    const partition = this.#partition!
    const { generation } = partition.tracker
    return { record, partition, generation, batch: this.#batch!, row: this.#row - 1 }
  }

  #rest(): Batch<K, V> | undefined {
    const batch = this.#batch
    const partition = this.#partition!
    const row = this.#row
    if (batch === undefined || batch.released || row >= batch.count) {
      this.#leave()
      return undefined
    }
    this.#batch = undefined
    partition.given = batch.nextOffset
    return batch.part(row, batch.count)
  }

  #fresh(): ConsumerRecord<K, V> | undefined {
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
