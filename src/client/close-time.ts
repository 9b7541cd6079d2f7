// How long each step of closing a consumer may take. [main thread]
import { atMost } from '../base/at-most.ts'
import type { Clock } from '../base/clock.ts'

/** What these steps have of the default; of another time each has the same share. */
const DEFAULT_MS = 5_000
const COMMIT_MS = 1_000
const GIVE_UP_MS = 500
const LEAVE_MS = 1_000
/** The end of reading, and beside it the way out of the group. */
const END_MS = 2_000

/** The time that a close has: of it each step has its share, and never what those behind it need. */
export class CloseTime {
  readonly #clock: Clock | undefined
  readonly #scale: number
  readonly #endMs: number

  /** Without a clock nothing was begun, and nothing takes time. */
  constructor(clock: Clock | undefined, timeoutMs = DEFAULT_MS) {
    this.#clock = clock
    this.#scale = timeoutMs / DEFAULT_MS
    this.#endMs = this.#nowMs + timeoutMs
  }

  /** For what runs: all that the others do not need. */
  get handlersMs(): number {
    return this.#before(COMMIT_MS + GIVE_UP_MS + END_MS)
  }

  /** For the last commit. */
  get commitMs(): number {
    return Math.min(COMMIT_MS * this.#scale, this.#before(GIVE_UP_MS + END_MS))
  }

  /** For the listener of the group. */
  get giveUpMs(): number {
    return Math.min(GIVE_UP_MS * this.#scale, this.#before(END_MS))
  }

  /** For the goodbye. */
  get leaveMs(): number {
    return Math.min(LEAVE_MS * this.#scale, this.#before(0))
  }

  /** Waits for the last steps, as long as there is time; they go on by themselves. */
  async last(work: Promise<unknown>): Promise<void> {
    if (this.#clock === undefined) await work
    else await atMost(this.#clock, this.#before(0), work)
  }

  get #nowMs(): number {
    return this.#clock?.now() ?? 0
  }

  /** Until the steps behind have to begin; a long close does not make them longer. */
  #before(stepsMs: number): number {
    return Math.max(0, this.#endMs - this.#nowMs - stepsMs * Math.min(1, this.#scale))
  }
}
