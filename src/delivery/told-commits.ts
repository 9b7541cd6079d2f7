// Commits that nobody has to wait for. [any thread that runs handlers]
import type { MillraceError } from '../base/errors.ts'

/** Callbacks of such commits: each is told in its turn, also where a later commit ends first. */
export class ToldCommits {
  #last: Promise<unknown> = Promise.resolve()

  /** Settles as the commit does; with a callback that one is told what came of it instead, and nothing rejects. */
  async tell(
    committing: Promise<void>,
    callback: ((error: MillraceError | undefined) => void) | undefined,
  ): Promise<void> {
    if (callback === undefined) return committing
    const told = Promise.allSettled([committing, this.#last]).then(([outcome]) => {
      callback(outcome.status === 'rejected' ? outcome.reason : undefined)
    })
    this.#last = told
    await told
  }
}
