// Records that a reader took ahead and nobody looked at: the next that are given, in whatever form. [main thread]
import type { Batch } from '../delivery/batch.ts'
import type { ConsumerRecord } from '../delivery/record.ts'
import type { ConsumerPartition } from './consumer-partition.ts'

/** A record that was given, and where it lies. */
export interface Place<K, V> {
  record: ConsumerRecord<K, V>
  partition: ConsumerPartition
  /** The partition's when it was given. */
  generation: number
  batch: Batch<K, V>
  row: number
}

/** A record in the hands of a reader that may hand it back, once. */
export class Loan<K, V> {
  returned = false
  readonly #place: Place<K, V>
  readonly #to: HandedBack<K, V>

  constructor(place: Place<K, V>, to: HandedBack<K, V>) {
    this.#place = place
    this.#to = to
  }

  get record(): ConsumerRecord<K, V> {
    return this.#place.record
  }

  /** A seek, or the end of the assignment, has voided it. */
  get stale(): boolean {
    return isStale(this.#place)
  }

  /** Nobody looked at it. From here on nothing that is said of it counts. */
  unread(): void {
    if (!this.returned) this.#to.add(this.#place)
    this.returned = true
  }
}

interface Part<K, V> {
  generation: number
  /** In rising order, whoever hands them back first. */
  places: Place<K, V>[]
  /** The first offset that nobody was given, once these are given again. */
  given: number
}

/** What was handed back, by partition. */
export class HandedBack<K, V> {
  readonly #parts = new Map<ConsumerPartition, Part<K, V>>()

  add(place: Place<K, V>): void {
    if (isStale(place)) return
    const { partition, record, generation } = place
    if (partition.rests) return partition.ungiven(record.offset)
    let part = this.#parts.get(partition)
    if (part?.generation !== generation) {
      part = { generation, places: [], given: partition.given }
      this.#parts.set(partition, part)
    }
    const { places } = part
    places.splice(places.findLastIndex((one) => one.record.offset < record.offset) + 1, 0, place)
    partition.given = places[0]!.record.offset
  }

  /** The next one. */
  take(): Place<K, V> | undefined {
    return this.#parts.size === 0 ? undefined : this.#take(() => 1)?.[0]
  }

  /** The next ones that lie side by side in one batch, as part of it. */
  takeBatch(): Batch<K, V> | undefined {
    const places = this.#take(sideBySide)
    const first = places?.[0]
    return first?.batch.again(first.row, first.row + places!.length)
  }

  /** Nothing of this partition, or of any, is given again. */
  drop(partition?: ConsumerPartition): void {
    if (partition === undefined) this.#parts.clear()
    else this.#parts.delete(partition)
  }

  #take(count: (places: Place<K, V>[]) => number): Place<K, V>[] | undefined {
    for (const [partition, { generation, places, given }] of this.#parts) {
      const stale = isStale({ partition, generation })
      const over = ({ record }: Place<K, V>) => stale || partition.tracker.isDone(record.offset)
      while (places.length > 0 && over(places[0]!)) places.shift()
      const taken = places.splice(0, count(places))
      if (places.length === 0) this.#parts.delete(partition)
      if (!stale) partition.given = places[0]?.record.offset ?? given
      if (taken.length > 0) return taken
    }
    return undefined
  }
}

const isStale = ({ partition, generation }: { partition: ConsumerPartition; generation: number }): boolean =>
  !partition.live || partition.tracker.generation !== generation

function sideBySide(places: readonly Place<unknown, unknown>[]): number {
  const [first] = places
  const apart = places.findIndex(({ batch, row }, i) => batch !== first!.batch || row !== first!.row + i)
  return apart < 0 ? places.length : apart
}
