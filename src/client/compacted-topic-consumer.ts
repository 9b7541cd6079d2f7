// `kafka.table`: a compacted topic as a table that keeps itself up to date. [main thread]
import { Closed } from '../base/errors.ts'
import { CompactedTable, type TableChange } from './compacted-table.ts'
import type { Consumer } from './consumer.ts'
import type { Iteration } from './iteration.ts'
import { TableChanges } from './table-changes.ts'
import type { TableOptions } from './table-options.ts'
import type { TableSource } from './table-source.ts'
import { unawaited, userCodeFailed, warn } from './user-code-failed.ts'

/**
 * Reads by itself, from the moment it is made: first all that is there, then what comes.
 *
 * ```ts
 * await using profiles = kafka.table('profiles', { key: string(), value: json<Profile>() })
 * await profiles.ready
 * profiles.get('user-123')
 * for await (const { type, key } of profiles.changes()) …
 * ```
 */
export class CompactedTopicConsumer<K = Buffer, V = Buffer> extends CompactedTable<K, V> implements AsyncDisposable {
  readonly topic: string
  /** Resolves when everything up to the ends seen at the start is in the table; rejects when that cannot be. */
  readonly ready: Promise<void>
  readonly #source: TableSource<K | null, V | null>
  readonly #onError: ((error: unknown) => void) | undefined
  readonly #loops = new Set<TableChanges<K, V>>()
  readonly #ended: Promise<void>
  #error: unknown
  #closing: Promise<void> | undefined

  /** @internal */
  constructor(topic: string, source: TableSource<K | null, V | null>, onError: TableOptions['onError']) {
    super()
    this.topic = topic
    this.#source = source
    this.#onError = onError
    let isReady!: () => void
    let failed!: (error: unknown) => void
    this.ready = new Promise((resolve, reject) => {
      isReady = resolve
      failed = reject
    })
    // Whoever does not wait for it hears of the error all the same.
    this.ready.catch(() => undefined)
    this.#ended = this.#read(isReady, failed)
  }

  /** Whether everything that is known to be in the topic is in the table now. */
  get isCaughtUp(): boolean {
    return this.#error === undefined && this.#closing === undefined && this.#source.isCaughtUp
  }

  /** What ended reading; undefined while it goes on. */
  get error(): unknown {
    return this.#error
  }

  /** What reads: an iteration, another one once the table is ready or has more partitions, or the consumer given. */
  get consumer(): Iteration<K | null, V | null> | Consumer<K | null, V | null> {
    return this.#source.reader
  }

  /**
   * Every change from this call on, in order. The table reads no further while 10,000 of them wait: take them, or leave
   * the loop. It ends with the table, and throws what ended reading.
   */
  changes(): AsyncIterableIterator<TableChange<K, V>, undefined> {
    const stop = this.onChange((change) => loop.push(change))
    const loop = new TableChanges<K, V>(() => {
      stop()
      this.#loops.delete(loop)
    })
    if (this.#error !== undefined || this.#closing !== undefined) loop.end(this.#error)
    else this.#loops.add(loop)
    return loop
  }

  /** Stops reading; the entries stay. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  async #close(): Promise<void> {
    await this.#source.close()
    for (const loop of this.#loops) loop.end(undefined)
    await this.#ended
  }

  async #read(isReady: () => void, failed: (error: unknown) => void): Promise<void> {
    // Not at once: the table is still being made.
    await undefined
    let wasReady = false
    try {
      for (let records = await this.#source.next(); records !== undefined; records = await this.#source.next()) {
        this.ingest(records)
        if (this.#source.isScanned) {
          wasReady = true
          isReady()
        }
        for (const loop of this.#loops) await loop.room()
      }
      throw new Closed('TABLE_CLOSED', `The table of ${this.topic} was closed.`)
    } catch (error) {
      this.#error = error
      failed(error)
      const closed = error instanceof Closed
      for (const loop of this.#loops) loop.end(closed ? undefined : error)
      if (wasReady && !closed) this.#tell(error)
      // What it held is free, whether or not anybody closes the table.
      await this.#source.close().catch(() => undefined)
    }
  }

  #tell(error: unknown): void {
    const onError = this.#onError
    if (onError === undefined) {
      process.emitWarning(`The table of ${this.topic} is not kept up to date any more: ${error}`, 'MillraceWarning')
      return
    }
    unawaited(
      () => onError(error),
      (thrown) => warn(userCodeFailed('onError of a table', thrown)),
    )
  }
}
