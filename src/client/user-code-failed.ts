// What user code threw where nobody waits for it: a listener, an interceptor. [main thread]
import { type ErrorDetails, MillraceError } from '../base/errors.ts'

/** `what` threw; told instead of what it was called for. */
export function userCodeFailed(what: string, thrown: unknown, where: ErrorDetails = {}): MillraceError {
  const why = thrown instanceof Error ? thrown.message : String(thrown)
  return new MillraceError('USER_CODE_FAILED', `${what} threw: ${why}`, { ...where, cause: thrown })
}

/** Where nobody listens the process is warned. */
export function warn({ message, code }: MillraceError): void {
  process.emitWarning(message, { code, type: 'MillraceWarning' })
}
