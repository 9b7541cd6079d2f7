// What a table that reads by itself may be told. [main thread]
import type { Consumer } from './consumer.ts'
import type { IterateOptions } from './options.ts'

/** What `kafka.table` takes, beside the options of reading. */
export interface TableOptions extends Omit<IterateOptions, 'until' | 'idleMs'> {
  /** Hears of an error that ends reading once the table was ready; without it a warning tells. */
  readonly onError?: ((error: unknown) => void) | undefined
}

/** The same for a consumer of one's own, which has the options of reading already. */
export interface ConsumerTableOptions<K, V> extends Pick<TableOptions, 'onError'> {
  /** Only the table may take records from it. It is not closed with the table. */
  readonly consumer: Consumer<K, V>
}
