// What user code threw where nobody waits for it: a listener, an interceptor. [main thread]
import { type ErrorDetails, MillraceError } from '../base/errors.ts'

/** `what` threw; told instead of what it was called for. */
export function userCodeFailed(what: string, thrown: unknown, where: ErrorDetails = {}): MillraceError {
  const why = thrown instanceof Error ? thrown.message : String(thrown)
  return new MillraceError('USER_CODE_FAILED', `${what} threw: ${why}`, { ...where, cause: thrown })
}

/** Calls user code whose end nobody awaits; what it throws, at once or later, ends in `failed`, and nowhere else. */
export function unawaited(call: () => unknown, failed: (thrown: unknown) => void): void {
  try {
    const given = call()
    if (isPromise(given)) Promise.resolve(given).catch(failed)
  } catch (thrown) {
    failed(thrown)
  }
}

/** Whether something is a promise, of whatever library. */
export function isPromise(given: unknown): given is PromiseLike<unknown> {
  return typeof (given as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}

/** Where nobody listens the process is warned. */
export function warn({ message, code }: MillraceError): void {
  process.emitWarning(message, { code, type: 'MillraceWarning' })
}
