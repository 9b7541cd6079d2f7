// A mistake in how a command was called: one line on stderr and exit code 2. [main thread]

/** Thrown by commands when an argument makes no sense. */
export class UsageError extends Error {
  override name = 'UsageError'
}
