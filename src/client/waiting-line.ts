// Records that wait, first come, first served; whoever gave up is passed over. [main thread]
import { Fifo } from '../base/fifo.ts'

/** A queue that whoever waits in it may leave. */
export class WaitingLine<T extends { readonly left: boolean }> {
  readonly #records = new Fifo<T>()

  /** The first one that still waits. */
  first(): T | undefined {
    while (this.#records.first?.left) this.#records.shift()
    return this.#records.first
  }

  /** Takes it out. */
  shift(): T | undefined {
    return this.first() && this.#records.shift()
  }

  push(record: T): void {
    this.#records.push(record)
  }
}
