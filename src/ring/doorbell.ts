// How a thread sleeps until another has something for it, without ever missing a ring. [shared bytes]
import { add, load, store, type Words, waitAsync, wake } from './atomics.ts'

/** Words of a doorbell. */
const SEQUENCE = 0
const WAITING = 1
const LATE = 2

/** A wait that nobody ends is ended by this bound; one that ends so although it was rung is a bug, and counted. */
const WAIT_LIMIT_MS = 1_000

/** The side that rings. Ring after publishing, once for as much as possible. */
export interface Bell {
  ring(): void
}

/** The side that answers: `onRing` runs soon after each ring (many rings may become one call). */
export interface Answer {
  start(onRing: () => void): void
  stop(): void
}

/**
 * A doorbell in shared memory. No ring is lost: the ringer publishes, then adds to the sequence, then looks for a
 * waiter; the answerer reads the sequence before it drains and waits only while it is unchanged. So either the waiter
 * sees the new sequence, or the ringer sees the waiter.
 */
export class Doorbell implements Bell, Answer {
  readonly #words: Words
  readonly #at: number
  #running = false

  constructor(words: Words, at: number) {
    this.#words = words
    this.#at = at
  }

  ring(): void {
    add(this.#words, this.#at + SEQUENCE, 1)
    if (load(this.#words, this.#at + WAITING) !== 0) wake(this.#words, this.#at + SEQUENCE)
  }

  /** Resolves after `stop`. */
  start(onRing: () => void): Promise<void> {
    this.#running = true
    return this.#answer(onRing)
  }

  stop(): void {
    this.#running = false
    this.ring()
  }

  /** How often a wait ran into its bound although the bell had been rung. */
  get late(): number {
    return load(this.#words, this.#at + LATE)
  }

  async #answer(onRing: () => void): Promise<void> {
    while (this.#running) {
      const seen = load(this.#words, this.#at + SEQUENCE)
      onRing()
      store(this.#words, this.#at + WAITING, 1)
      const woken = await waitAsync(this.#words, this.#at + SEQUENCE, seen, WAIT_LIMIT_MS)
      store(this.#words, this.#at + WAITING, 0)
      if (woken === 'timed-out' && load(this.#words, this.#at + SEQUENCE) !== seen) add(this.#words, this.#at + LATE, 1)
    }
  }
}

/** A doorbell for roles that share a thread: `post` runs a function soon, in order or as a seed says. */
export class LocalBell implements Bell, Answer {
  readonly #post: (run: () => void) => void
  #onRing: (() => void) | undefined
  #posted = false

  constructor(post: (run: () => void) => void) {
    this.#post = post
  }

  ring(): void {
    if (this.#posted || this.#onRing === undefined) return
    this.#posted = true
    this.#post(() => {
      this.#posted = false
      this.#onRing?.()
    })
  }

  start(onRing: () => void): void {
    this.#onRing = onRing
    this.ring()
  }

  stop(): void {
    this.#onRing = undefined
  }
}
