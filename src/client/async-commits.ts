// Commits that nobody has to wait for. [main thread]
import type { MillraceError } from '../base/errors.ts'
import { toldCommit } from '../delivery/told-commit.ts'
import type { OffsetToCommit } from './committer.ts'
import { LogPositions } from './log-positions.ts'

/** Told of one commit: the error, or undefined when the group has the offsets. */
export type CommitCallback = (error: MillraceError | undefined, offsets: readonly OffsetToCommit[] | undefined) => void

/** `commitAsync`, for whoever can `commit`. */
export abstract class AsyncCommits<K, V, E extends { [N in keyof E]: unknown[] }> extends LogPositions<K, V, E> {
  /** Commits, and resolves when the group has it. */
  abstract commit(offsets?: readonly OffsetToCommit[]): Promise<void>

  /**
   * Commits as `commit` does. With a callback it never rejects: the callback is told what came of it, those of several
   * calls in their order. Also where there is nothing to commit from it is told, or rejects.
   */
  async commitAsync(offsets?: readonly OffsetToCommit[], callback?: CommitCallback): Promise<void> {
    await toldCommit(this.commit(offsets), callback && ((error) => callback(error, offsets)))
  }
}
