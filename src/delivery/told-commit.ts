// A commit that nobody has to wait for. [any thread that runs handlers]
import type { MillraceError } from '../base/errors.ts'

/** Settles as the commit does; with a callback that one is told what came of it instead, and nothing rejects. */
export async function toldCommit(
  committing: Promise<void>,
  callback: ((error: MillraceError | undefined) => void) | undefined,
): Promise<void> {
  if (callback === undefined) return committing
  await committing.then(() => callback(undefined), callback)
}
