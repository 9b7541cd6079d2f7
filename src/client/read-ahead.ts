// Who takes records before anybody looks at them. [main thread]
import type { Loan } from './handed-back.ts'

/** A reader of which nothing is left when it ends: what it took last is handed back at once, unless somebody saw it. */
export class ReadAhead<K, V> {
  /** What it took last, and nobody saw yet. */
  loan: Loan<K, V> | undefined
  over = false
  #ending = new AbortController()

  /** Fires when it takes nothing more. */
  get ending(): AbortSignal {
    return this.#ending.signal
  }

  /** User code has it now. */
  saw(loan: Loan<K, V>): void {
    if (this.loan === loan) this.loan = undefined
  }

  /** Ends the wait that is under way, and no other. */
  interrupt(): void {
    this.#ending.abort()
    this.#ending = new AbortController()
  }

  /** Nobody asks it for anything more. */
  end(): void {
    this.over = true
    this.#ending.abort()
    this.loan?.unread()
    this.loan = undefined
  }
}
