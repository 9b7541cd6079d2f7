// A ring of descriptors from one thread to one other: claim and commit here, peek and release there. [shared bytes]
import { load, store, type Words } from './atomics.ts'
import { DESCRIPTOR_WORDS, RING_CAPACITY, RING_DESCRIPTORS, RING_HEAD, RING_TAIL } from './layout.ts'

/** Head and tail count descriptors for ever and wrap at 2^32; their difference is what the ring holds. */
export class Spsc {
  /** The words that its descriptors lie in. */
  readonly words: Words
  readonly #head: number
  readonly #tail: number
  readonly #first: number

  constructor(words: Words, at: number) {
    this.words = words
    this.#head = at + RING_HEAD
    this.#tail = at + RING_TAIL
    this.#first = at + RING_DESCRIPTORS
  }

  /** How many descriptors were ever taken, wrapping. */
  get head(): number {
    return load(this.words, this.#head)
  }

  /** How many descriptors were ever published, wrapping. */
  get tail(): number {
    return load(this.words, this.#tail)
  }

  /** How much of it is taken, 0 to 1. */
  get fill(): number {
    return ((this.tail - this.head) | 0) / RING_CAPACITY
  }

  /** Producer: the word index of a descriptor to fill, or -1 when the ring is full. */
  claim(): number {
    const tail = load(this.words, this.#tail)
    if (((tail - load(this.words, this.#head)) | 0) >= RING_CAPACITY) return -1
    return this.#at(tail)
  }

  /** Producer: publishes the claimed descriptor. */
  commit(): void {
    store(this.words, this.#tail, (load(this.words, this.#tail) + 1) | 0)
  }

  /** Consumer: the word index of the oldest descriptor, or -1 when there is none. */
  peek(): number {
    const head = load(this.words, this.#head)
    if (((load(this.words, this.#tail) - head) | 0) <= 0) return -1
    return this.#at(head)
  }

  /** Consumer: gives the peeked descriptor back to the producer. */
  release(): void {
    store(this.words, this.#head, (load(this.words, this.#head) + 1) | 0)
  }

  #at(count: number): number {
    return this.#first + ((count >>> 0) % RING_CAPACITY) * DESCRIPTOR_WORDS
  }
}
