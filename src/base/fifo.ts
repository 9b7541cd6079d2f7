// A queue that may get long. [pure: any thread]

/** Below so many taken items the array is left as it is. */
const COMPACT_AT = 32

/** First in, first out, its head moves: to shift an array of 100,000 costs as much as to copy it. */
export class Fifo<T extends object> implements Iterable<T> {
  /** Read from `#head` on, empty before: what was taken is not kept alive. */
  #items: (T | undefined)[] = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  /** The oldest one. */
  get first(): T | undefined {
    return this.#items[this.#head]
  }

  push(item: T): void {
    this.#items.push(item)
  }

  /** Puts what was taken back, before all others. */
  putBack(item: T): void {
    if (this.#head > 0) this.#items[--this.#head] = item
    else this.#items.unshift(item)
  }

  /** Takes the oldest one out. */
  shift(): T | undefined {
    const { first } = this
    if (first === undefined) return undefined
    this.#items[this.#head++] = undefined
    if (this.#head === this.#items.length) this.#startAt([])
    // At most as many are copied as were taken since the last time.
    else if (this.#head >= COMPACT_AT && this.#head * 2 >= this.#items.length)
      this.#startAt(this.#items.slice(this.#head))
    return first
  }

  /** Takes all out. */
  takeAll(): T[] {
    const items = this.#items.slice(this.#head) as T[]
    this.#startAt([])
    return items
  }

  *[Symbol.iterator](): Generator<T> {
    for (let at = this.#head; at < this.#items.length; at++) yield this.#items[at]!
  }

  #startAt(items: (T | undefined)[]): void {
    this.#items = items
    this.#head = 0
  }
}
