// What `consume` prints, wherever records are formatted, and when it is enough. [main thread]
import { Output } from './output.ts'
import type { FormattedBatch, RecordWriter } from './record-format.ts'
import { touch } from './touch.ts'

/** How to print: no `write` counts only. */
export interface PrintPlan {
  write: RecordWriter | undefined
  /** After so many records it is enough. */
  limit: number
  json: boolean
}

/** Standard output, and what went there. */
export class Printer {
  readonly #output = new Output(process.stdout)
  readonly #plan: PrintPlan
  #left: number
  #records = 0
  #bytes = 0

  constructor(plan: PrintPlan) {
    this.#plan = plan
    this.#left = plan.limit
  }

  /** Nothing more is wanted, or nobody reads it. */
  get full(): boolean {
    return this.#left === 0 || this.#output.closed
  }

  /** So many of these records may be printed: they are counted off. */
  take(records: number): number {
    const count = Math.min(records, this.#left)
    this.#left -= count
    return count
  }

  /** Prints a batch, as far as it is wanted; gives how many records that were. */
  batch(batch: FormattedBatch): number {
    const count = this.take(batch.count)
    if (this.#plan.write === undefined) this.#bytes += touch(batch, count)
    else this.#plan.write(batch, count, this.#output)
    this.#records += count
    return count
  }

  /** Prints what a worker has formatted. */
  formatted(text: Uint8Array | undefined, records: number, bytes: number): void {
    if (text !== undefined) this.#output.write(text)
    this.#records += records
    this.#bytes += bytes
  }

  /** Undefined while more may be printed; else resolves when the reader has caught up. */
  ready(): Promise<void> | undefined {
    return this.#output.ready()
  }

  /** The summary, when nothing else is printed. */
  sum(): void {
    const { write, json } = this.#plan
    if (write !== undefined) return
    const [records, bytes] = [this.#records, this.#bytes]
    const summary = json ? JSON.stringify({ records, bytes }) : `${records} records, ${bytes} bytes`
    this.#output.write(Buffer.from(`${summary}\n`))
  }

  /** Writes what is left. */
  end(): Promise<void> {
    return this.#output.end()
  }
}
