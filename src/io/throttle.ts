// A broker's wish for silence (KIP-219), honoured per connection up to a limit. [I/O thread]
import type { Clock, Timer } from '../base/clock.ts'

/** While muted nothing new is written; answers are still read. */
export class Throttle {
  readonly #clock: Clock
  readonly #maxMs: number
  readonly #over: () => void
  #untilMs = 0
  #timer: Timer | undefined

  /** `over` is called each time a silence has ended. */
  constructor(clock: Clock, maxMs: number, over: () => void) {
    this.#clock = clock
    this.#maxMs = maxMs
    this.#over = over
  }

  /** Whether writing has to wait. */
  get muted(): boolean {
    return this.#timer !== undefined
  }

  /** Starts or prolongs the silence; returns how long it was made, which is less than asked beyond the limit. */
  mute(askedMs: number): number {
    const appliedMs = Math.min(askedMs, this.#maxMs)
    const untilMs = this.#clock.now() + appliedMs
    if (untilMs > this.#untilMs) {
      this.#untilMs = untilMs
      this.#timer?.cancel()
      this.#timer = this.#clock.after(appliedMs, () => {
        this.#timer = undefined
        this.#over()
      })
    }
    return appliedMs
  }

  cancel(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
