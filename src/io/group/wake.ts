// Something to wait for that may come from anywhere, or not in time. [I/O thread]
import type { Clock } from '../../base/clock.ts'

/** A wait that remembers a ring which came before it. */
export class Wake {
  readonly #clock: Clock
  #rung = false
  #resume: (() => void) | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Ends the wait under way, or the next one. */
  ring(): void {
    this.#rung = true
    this.#resume?.()
  }

  /** Resolves when it is rung, or after `limitMs`. */
  async wait(limitMs = Number.POSITIVE_INFINITY): Promise<void> {
    if (!this.#rung) {
      await new Promise<void>((resolve) => {
        const timer = limitMs === Number.POSITIVE_INFINITY ? undefined : this.#clock.after(limitMs, resolve)
        this.#resume = () => {
          timer?.cancel()
          resolve()
        }
      })
    }
    this.#resume = undefined
    this.#rung = false
  }
}
