// The newest value of each key, made of records of a compacted topic, wherever they come from. [main thread]
import { contentOf } from './table-key.ts'
import { type TableEntry, TableView } from './table-view.ts'
import { unawaited, userCodeFailed, warn } from './user-code-failed.ts'

/** What a table takes: a `ConsumerRecord`, or something like it. */
export interface TableRecord<K, V> {
  readonly key: K | null
  readonly value: V | null
  readonly partition?: number
  readonly offset?: number
  /** Default: whether the value is null. */
  readonly isTombstone?: boolean
}

/** What one record changed. */
export interface TableChange<K = Buffer, V = Buffer> {
  readonly type: 'insert' | 'update' | 'delete'
  readonly key: K
  /** Null when the key was deleted. */
  readonly value: V | null
  /** The value before; undefined when there was none. */
  readonly previous: V | undefined
  readonly partition: number | undefined
  readonly offset: number | undefined
}

/** What a table has seen. */
export interface TableMetrics {
  /** Records with a key, tombstones included. */
  readonly records: number
  readonly tombstones: number
  /** Records without a key, which no compacted topic should have: skipped. */
  readonly keyless: number
}

type Records<K, V> = TableRecord<K, V> | Iterable<TableRecord<K, V>>
type Listener<K, V> = (change: TableChange<K, V>) => void

/**
 * Stands alone: feed it with records from any consumer or iteration.
 *
 * ```ts
 * const table = new CompactedTable<string, Profile>()
 * for (const change of table.apply(await consumer.poll())) console.log(change.type, change.key)
 * ```
 */
export class CompactedTable<K = Buffer, V = Buffer> extends TableView<K, V> {
  readonly #entries: Map<string, TableEntry<K, V>>
  readonly #listeners = new Set<Listener<K, V>>()
  #metrics: { records: number; tombstones: number; keyless: number }

  constructor(from?: TableView<K, V>) {
    const entries = new Map<string, TableEntry<K, V>>()
    for (const [key, value] of from ?? []) entries.set(contentOf(key), { key, value })
    super(entries)
    this.#entries = entries
    this.#metrics = { records: 0, tombstones: 0, keyless: 0 }
  }

  /** What was seen since the beginning, or since `clear()`. */
  get metrics(): TableMetrics {
    return { ...this.#metrics }
  }

  /** Takes one record or many; what they changed, in order. A tombstone for a key that is not there changes nothing. */
  apply(records: Records<K, V>): TableChange<K, V>[] {
    const changes: TableChange<K, V>[] = []
    for (const record of listOf(records)) {
      const change = this.#take(record)
      if (change === undefined) continue
      changes.push(change)
      this.#tell(change)
    }
    return changes
  }

  /** The same without a list of changes, for many records; listeners hear of them all the same. */
  ingest(records: Records<K, V>): void {
    for (const record of listOf(records)) {
      const change = this.#take(record)
      if (change !== undefined && this.#listeners.size > 0) this.#tell(change)
    }
  }

  /** Hears of every change from here on; returns how to stop that. Where it throws the process is warned. */
  onChange(listener: (change: TableChange<K, V>) => void): () => void {
    const own: Listener<K, V> = (change) => listener(change)
    this.#listeners.add(own)
    return () => void this.#listeners.delete(own)
  }

  /** Forgets all entries and what was counted; nobody is told. */
  clear(): void {
    this.#entries.clear()
    this.#metrics = { records: 0, tombstones: 0, keyless: 0 }
  }

  /** A table of its own with the same entries and counts, without listeners. */
  clone(): CompactedTable<K, V> {
    const copy = new CompactedTable<K, V>(this)
    copy.#metrics = { ...this.#metrics }
    return copy
  }

  #take(record: TableRecord<K, V>): TableChange<K, V> | undefined {
    const { key, value, partition, offset } = record
    if (key === null || key === undefined) {
      this.#metrics.keyless++
      return undefined
    }
    this.#metrics.records++
    const content = contentOf(key)
    const previous = this.#entries.get(content)
    const place = { previous: previous?.value, partition, offset }
    if (record.isTombstone ?? value === null) {
      this.#metrics.tombstones++
      if (!this.#entries.delete(content)) return undefined
      return { type: 'delete', key, value: null, ...place }
    }
    // A decoded value may be null without being a tombstone: JSON has one.
    this.#entries.set(content, { key: previous?.key ?? owned(key), value: owned(value as V) })
    return { type: previous === undefined ? 'insert' : 'update', key, value, ...place }
  }

  #tell(change: TableChange<K, V>): void {
    for (const listener of this.#listeners) {
      // A listener's fault must not stop the table.
      unawaited(
        () => listener(change),
        (thrown) => warn(userCodeFailed('onChange of a table', thrown)),
      )
    }
  }
}

function listOf<K, V>(records: Records<K, V>): Iterable<TableRecord<K, V>> {
  return Symbol.iterator in records ? records : [records]
}

/** Bytes of a record keep all of its batch in memory: a table that lives long has its own. */
function owned<T>(part: T): T {
  return part instanceof Uint8Array ? (Buffer.from(part) as unknown as T) : part
}
