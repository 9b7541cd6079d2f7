// Changes of a table on their way to a loop that takes them one after the other. [main thread]
import type { TableChange } from './compacted-table.ts'

/** Changes that wait for a loop; with more, the table reads no further. */
const WAITING_MAX = 10_000

type Step<K, V> = IteratorResult<TableChange<K, V>, undefined>
interface Waiter<K, V> {
  resolve(step: Step<K, V>): void
  reject(error: unknown): void
}

/** A queue with one loop at its end. */
export class TableChanges<K, V> implements AsyncIterableIterator<TableChange<K, V>, undefined> {
  readonly #left: () => void
  #queue: TableChange<K, V>[] = []
  #next = 0
  #waiting: Waiter<K, V>[] = []
  #room: (() => void) | undefined
  #end: { error: unknown } | undefined

  /** `left` is called when the loop is left. */
  constructor(left: () => void) {
    this.#left = left
  }

  push(change: TableChange<K, V>): void {
    if (this.#end !== undefined) return
    const waiter = this.#waiting.shift()
    if (waiter !== undefined) waiter.resolve({ done: false, value: change })
    else this.#queue.push(change)
  }

  /** Undefined while the loop keeps up; else resolves when it does. */
  room(): Promise<void> | undefined {
    if (this.#queue.length - this.#next < WAITING_MAX) return undefined
    return new Promise((resolve) => {
      this.#room = resolve
    })
  }

  /** Nothing more comes: the loop ends after what waits, or throws then. */
  end(error: unknown): void {
    const waiting = this.#waiting.splice(0)
    // An error is told once.
    this.#end ??= { error: waiting.length === 0 ? error : undefined }
    for (const waiter of waiting) {
      if (error === undefined) waiter.resolve({ done: true, value: undefined })
      else waiter.reject(error)
    }
    this.#room?.()
  }

  next(): Promise<Step<K, V>> {
    if (this.#next < this.#queue.length) {
      const value = this.#queue[this.#next++]!
      if (this.#next >= WAITING_MAX / 2 || this.#next === this.#queue.length) this.#shorten()
      return Promise.resolve({ done: false, value })
    }
    if (this.#end?.error !== undefined) {
      const { error } = this.#end
      this.#end = { error: undefined }
      return Promise.reject(error)
    }
    if (this.#end !== undefined) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve, reject) => this.#waiting.push({ resolve, reject }))
  }

  async return(): Promise<Step<K, V>> {
    this.#queue = []
    this.#next = 0
    this.end(undefined)
    this.#left()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #shorten(): void {
    this.#queue.splice(0, this.#next)
    this.#next = 0
    this.#room?.()
    this.#room = undefined
  }
}
