// Which keys (groups, transactional ids) another node coordinates than their hash says. [broker]
import type { Clock, Timer } from '../base/clock.ts'

/** The moves of one kind of keys. */
export class CoordinatorMoves {
  readonly #clock: Clock
  readonly #moved = new Map<string, number>()
  /** Keys whose new coordinator is still reading them from the log. */
  readonly #loading = new Map<string, Timer>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** The node that a key was moved to. */
  nodeOf(key: string): number | undefined {
    return this.#moved.get(key)
  }

  /** Whether its coordinator can say nothing yet (COORDINATOR_LOAD_IN_PROGRESS). */
  isLoading(key: string): boolean {
    return this.#loading.has(key)
  }

  /** The coordinator becomes another node, which has to load for so long, and then says so. */
  move(key: string, nodeId: number, loadMs: number, loaded?: () => void): void {
    this.#moved.set(key, nodeId)
    this.#loading.get(key)?.cancel()
    this.#loading.delete(key)
    if (loadMs <= 0) return loaded?.()
    const timer = this.#clock.after(loadMs, () => {
      this.#loading.delete(key)
      loaded?.()
    })
    this.#loading.set(key, timer)
  }

  /** Ends all timers. */
  close(): void {
    for (const timer of this.#loading.values()) timer.cancel()
  }
}
