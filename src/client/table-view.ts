// The entries of a table, to be read: one point in time, or what a living table has now. [main thread]
import { isDeepStrictEqual } from 'node:util'
import { contentOf } from './table-key.ts'

/** A key and its newest value. Never changed, only replaced: views may share it. */
export interface TableEntry<K, V> {
  readonly key: K
  readonly value: V
}

/** Reads entries; keys compare by content. */
export class TableView<K = Buffer, V = Buffer> implements Iterable<[K, V]> {
  readonly #entries: ReadonlyMap<string, TableEntry<K, V>>

  /** @internal */
  constructor(entries: ReadonlyMap<string, TableEntry<K, V>>) {
    this.#entries = entries
  }

  /** How many keys there are. */
  get size(): number {
    return this.#entries.size
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0
  }

  /** The newest value of a key; undefined when there is none. Where keys are bytes, text stands for its bytes. */
  get(key: K | string): V | undefined {
    return this.#entries.get(contentOf(key))?.value
  }

  has(key: K | string): boolean {
    return this.#entries.has(contentOf(key))
  }

  *keys(): IterableIterator<K> {
    for (const { key } of this.#entries.values()) yield key
  }

  *values(): IterableIterator<V> {
    for (const { value } of this.#entries.values()) yield value
  }

  /** Keys with their values, in the order in which keys came. */
  *entries(): IterableIterator<[K, V]> {
    for (const { key, value } of this.#entries.values()) yield [key, value]
  }

  [Symbol.iterator](): IterableIterator<[K, V]> {
    return this.entries()
  }

  /** Whether another one has the same keys with equal values; what was counted does not matter. */
  equals(other: TableView<K, V>): boolean {
    if (other.size !== this.size) return false
    for (const [content, { value }] of this.#entries) {
      const entry = other.#entries.get(content)
      if (entry === undefined || !isDeepStrictEqual(entry.value, value)) return false
    }
    return true
  }

  /** The entries as they are now, for good. */
  snapshot(): TableView<K, V> {
    return new TableView(new Map(this.#entries))
  }
}
