// A commit that is waited for until a signal fires. [any thread that runs handlers]
import { untilAborted } from '../base/on-abort.ts'

/** How a commit of records is waited for. */
export interface CommitOptions {
  /** Ends the wait: rejects with its reason. What was acknowledged stays so, and may be committed all the same. */
  signal?: AbortSignal | undefined
}

/** Acknowledges and commits, until the signal fires; nothing when it fired before. */
export async function commitUntil(
  ack: () => unknown,
  commit: () => Promise<void>,
  { signal }: CommitOptions,
): Promise<void> {
  signal?.throwIfAborted()
  ack()
  await untilAborted(commit(), signal)
}
