// What fails in a consumer while nobody waits for it: a commit, a listener. [main thread]
import { ConsumerClosed, MillraceError } from '../base/errors.ts'

/** Who may be told. */
export interface FailurePlan {
  /** A listener, if there is one. */
  emit(error: MillraceError): boolean
  /** The handlers that run, unless they are being ended. */
  run(): { fail(error: unknown): void } | undefined
  /** What is read now; false when nobody reads from it. */
  source(): { tell(error: MillraceError): boolean } | undefined
}

/** A listener is told, or else the run, or whoever asks for something; at the end whoever waits for that. */
export class ConsumerFailures {
  readonly #plan: FailurePlan
  /** Will not do better next time, and nobody listened. */
  #untold: { error: unknown } | undefined
  /** Of the end that is under way. */
  #last: unknown[] | undefined

  constructor(plan: FailurePlan) {
    this.#plan = plan
  }

  /** Something failed. */
  failed(error: unknown): void {
    const typed = error instanceof MillraceError
    if (typed && !error.fatal && this.#plan.emit(error)) return
    // At the end a membership may be lost, and what hung was given up.
    const expected = this.#last !== undefined && typed && (error.fatal || error instanceof ConsumerClosed)
    if (expected || (typed && error.retriable)) return
    const run = this.#plan.run()
    if (run !== undefined) run.fail(error)
    else if (this.#last !== undefined) this.#last.push(error)
    else if (!typed || !this.#plan.source()?.tell(error)) this.#untold ??= { error }
  }

  /** Throws what nobody was told of, once. */
  throwUntold(): void {
    const untold = this.#untold
    this.#untold = undefined
    if (untold !== undefined) throw untold.error
  }

  /** Waits until all is over, and only then throws what failed on the way: nobody asks for anything behind it. */
  async ending(end: Promise<void>): Promise<void> {
    this.#last ??= []
    const errors = this.#last
    try {
      await end
    } finally {
      this.#last = undefined
    }
    if (errors.length > 0) throw errors[0]
  }
}
