// Calls that are served one after the other, in the order they came. [main thread]
import type { Clock, Timer } from '../base/clock.ts'
import { onAbort } from '../base/on-abort.ts'

/** How long a call waits, for its turn and then for what it asked for. */
export interface Patience {
  timeoutMs?: number | undefined
  /** Waits no longer than until this fires. */
  ending?: AbortSignal | undefined
}

/** One runs at a time; the others stand in line, and leave it when their patience ends. */
export class Turns {
  readonly #clock: () => Promise<Clock>
  /** Those who wait, the oldest first. */
  readonly #line = new Set<() => void>()
  #busy = false

  constructor(clock: () => Promise<Clock>) {
    this.#clock = clock
  }

  /** Nobody runs, nobody waits. */
  get free(): boolean {
    return !this.#busy
  }

  /**
   * Runs when all that came before have ended, with the time that is left then. Undefined when patience ended before:
   * it is never run. Once it runs it is waited for, as what it took would be lost else.
   */
  async take<T>(run: (timeoutMs: number | undefined) => Promise<T>, patience: Patience = {}): Promise<T | undefined> {
    const turn = this.#busy ? await this.#wait(patience) : patience
    if (turn === undefined) return undefined
    this.#busy = true
    try {
      return await run(turn.timeoutMs)
    } finally {
      const [next] = this.#line
      // Whoever is next has the turn from here on: nobody comes in between.
      if (next === undefined) this.#busy = false
      else next()
    }
  }

  #wait({ timeoutMs, ending }: Patience): Promise<Patience | undefined> {
    return new Promise((resolve) => {
      let clock: Clock | undefined
      let endMs = 0
      let timer: Timer | undefined
      const settle = (turn: Patience | undefined) => {
        this.#line.delete(called)
        timer?.cancel()
        stopListening?.()
        resolve(turn)
      }
      const called = () => settle({ timeoutMs: clock === undefined ? timeoutMs : Math.max(0, endMs - clock.now()) })
      const leave = () => settle(undefined)
      const stopListening = ending && onAbort(ending, leave)
      this.#line.add(called)
      if (ending?.aborted) return leave()
      if (timeoutMs === undefined) return
      // Without a clock there is no engine either: whoever is in front hears of that, and then this one.
      void this.#clock().then(
        (found) => {
          if (!this.#line.has(called)) return
          clock = found
          endMs = clock.now() + timeoutMs
          timer = clock.after(timeoutMs, leave)
        },
        () => undefined,
      )
    })
  }
}
