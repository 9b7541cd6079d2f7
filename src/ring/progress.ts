// A word in which user code's thread says when it last made progress; the I/O thread reads it. [shared bytes]
import { load, store, type Words } from './atomics.ts'

/** Nothing was handed out that user code owes an end of. */
const IDLE = 0

/**
 * Readable also while the thread that writes it is blocked, which is the point: a handler that never ends must cost its
 * consumer the membership (`maxPollIntervalMs`), though the heartbeats come from another thread.
 */
export class ProgressWord {
  readonly buffer: SharedArrayBuffer
  readonly #words: Words

  constructor(buffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer
    this.#words = new Int32Array(buffer)
  }

  /** User code was given something, or ended something, and has more. */
  made(nowMs: number): void {
    // Modulo 2^32; differences are right for 24 days, which is the most that the option allows.
    store(this.#words, 0, nowMs | 0 || 1)
  }

  /** User code waits for us. */
  idle(): void {
    store(this.#words, 0, IDLE)
  }

  /** For how long user code has made no progress; 0 while it waits for us. */
  ageMs(nowMs: number): number {
    const made = load(this.#words, 0)
    return made === IDLE ? 0 : ((nowMs | 0) - made) | 0
  }
}
