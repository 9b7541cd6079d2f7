// The only door to Atomics, so that tests can put a scheduler behind it. [shared bytes]

/** A view over shared 32-bit words. */
export type Words = Int32Array<SharedArrayBuffer>

/** Reads a word; what its writer wrote before storing it is visible afterwards. */
export const load = (words: Words, at: number): number => Atomics.load(words, at)

/** Publishes a word and all that this thread wrote before it. */
export const store = (words: Words, at: number, value: number): void => void Atomics.store(words, at, value)

/** A view over shared 64-bit words. */
export type LongWords = BigInt64Array<SharedArrayBuffer>

/** Reads a 64-bit word whole. */
export const loadLong = (words: LongWords, at: number): number => Number(Atomics.load(words, at))

/** Publishes a 64-bit word. */
export const storeLong = (words: LongWords, at: number, value: number): void =>
  void Atomics.store(words, at, BigInt(value))

/** Adds and returns the value before. */
export const add = (words: Words, at: number, delta: number): number => Atomics.add(words, at, delta)

/** Stores `value` if the word holds `expected`; true when it did. */
export const exchangeIf = (words: Words, at: number, expected: number, value: number): boolean =>
  Atomics.compareExchange(words, at, expected, value) === expected

/** Wakes all who wait on a word. */
export const wake = (words: Words, at: number): void => void Atomics.notify(words, at)

/** What a wait ended with. */
export type Woken = 'ok' | 'not-equal' | 'timed-out'

/** Waits, without blocking this thread, until the word is woken, unless it no longer holds `expected`. */
export function waitAsync(words: Words, at: number, expected: number, limitMs: number): Woken | Promise<Woken> {
  const { value } = Atomics.waitAsync(words, at, expected, limitMs)
  return value
}
