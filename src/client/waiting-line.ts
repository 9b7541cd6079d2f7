// Records that wait, first come, first served; whoever gave up is passed over. [main thread]
import type { Outgoing } from './producer-outgoing.ts'

/** A queue whose head moves: to shift an array of 100,000 costs as much as to copy it. */
export class WaitingLine {
  #records: Outgoing[] = []
  #head = 0

  /** The first one that still waits. */
  first(): Outgoing | undefined {
    const records = this.#records
    while (this.#head < records.length && records[this.#head]!.left) this.#head++
    if (this.#head < records.length) return records[this.#head]
    this.#records = []
    this.#head = 0
    return undefined
  }

  /** Takes it out. */
  shift(): Outgoing | undefined {
    const first = this.first()
    if (first !== undefined) this.#head++
    return first
  }

  get isEmpty(): boolean {
    return this.first() === undefined
  }

  push(record: Outgoing): void {
    this.#records.push(record)
  }
}
