// Records that wait, first come, first served; whoever gave up is passed over. [main thread]

/** A queue whose head moves: to shift an array of 100,000 costs as much as to copy it. */
export class WaitingLine<T extends { readonly left: boolean }> {
  #records: T[] = []
  #head = 0

  /** The first one that still waits. */
  first(): T | undefined {
    const records = this.#records
    while (this.#head < records.length && records[this.#head]!.left) this.#head++
    if (this.#head < records.length) return records[this.#head]
    this.#records = []
    this.#head = 0
    return undefined
  }

  /** Takes it out. */
  shift(): T | undefined {
    const first = this.first()
    if (first !== undefined) this.#head++
    return first
  }

  push(record: T): void {
    this.#records.push(record)
  }
}
