// Commits that nobody has to wait for. [main thread]
import { inspect } from 'node:util'
import { InvalidOption, type MillraceError } from '../base/errors.ts'
import { ToldCommits } from '../delivery/told-commits.ts'
import type { OffsetToCommit } from './committer.ts'
import { LogPositions } from './log-positions.ts'
import type { WaitOptions } from './wait-options.ts'

/** Told of one commit: the error, or undefined when the group has the offsets. */
export type CommitCallback = (error: MillraceError | undefined, offsets: readonly OffsetToCommit[] | undefined) => void

/** `commitAsync`, for whoever can `commit`. */
export abstract class AsyncCommits<K, V, E extends { [N in keyof E]: unknown[] }> extends LogPositions<K, V, E> {
  readonly #callbacks = new ToldCommits()

  /** Commits, and resolves when the group has it. */
  abstract commit(offsets?: readonly OffsetToCommit[], options?: WaitOptions): Promise<void>

  /**
   * Commits as `commit` does. With a callback it never rejects: the callback is told what came of it, those of several
   * calls in their order. Also where there is nothing to commit from it is told, or rejects.
   */
  commitAsync(callback: CommitCallback, options?: WaitOptions): Promise<void>
  commitAsync(offsets?: readonly OffsetToCommit[], callback?: CommitCallback, options?: WaitOptions): Promise<void>
  async commitAsync(
    first?: readonly OffsetToCommit[] | CommitCallback,
    second?: CommitCallback | WaitOptions,
    third?: WaitOptions,
  ): Promise<void> {
    if (typeof first === 'function') return this.#told(undefined, first, second as WaitOptions | undefined)
    if (second === undefined || typeof second === 'function') return this.#told(first, second, third)
    const text = `commitAsync: the callback must be a function, not ${inspect(second)}.`
    throw new InvalidOption('INVALID_OPTION', text)
  }

  #told(offsets?: readonly OffsetToCommit[], callback?: CommitCallback, options?: WaitOptions): Promise<void> {
    return this.#callbacks.tell(this.commit(offsets, options), callback && ((error) => callback(error, offsets)))
  }
}
