// Descriptors that wait, in the order they came: packed, as there may be as many as tiny batches fit the fetch arena.
// [workers]
import type { Words } from './atomics.ts'
import { DESCRIPTOR_WORDS } from './layout.ts'

/** First in, first out, in memory of its own that no heap limit counts. */
export class DescriptorQueue {
  #words = wordsFor(4)
  #head = 0
  #tail = 0

  get length(): number {
    return (this.#tail - this.#head) / DESCRIPTOR_WORDS
  }

  /** Where the oldest lies, until the next `push`. */
  get words(): Words {
    return this.#words
  }

  /** The word index of the oldest one in `words`. */
  get at(): number {
    return this.#head
  }

  /** Takes a copy of the descriptor at a word. */
  push(from: Words, at: number): void {
    if (this.#tail === this.#words.length) this.#makeRoom()
    for (let i = 0; i < DESCRIPTOR_WORDS; i++) this.#words[this.#tail + i] = from[at + i]!
    this.#tail += DESCRIPTOR_WORDS
  }

  /** Drops the oldest one. */
  shift(): void {
    this.#head += DESCRIPTOR_WORDS
  }

  /** Moves what waits to the front: of memory twice as large, unless half of this is free. */
  #makeRoom(): void {
    const { length } = this
    const waiting = this.#words.subarray(this.#head, this.#tail)
    if (this.#head * 2 < this.#words.length) this.#words = wordsFor(2 * length)
    this.#words.set(waiting)
    this.#head = 0
    this.#tail = length * DESCRIPTOR_WORDS
  }
}

/** Nobody shares them; they are handled like those that lie in a ring. */
const wordsFor = (descriptors: number): Words => new Int32Array(descriptors * DESCRIPTOR_WORDS) as unknown as Words
