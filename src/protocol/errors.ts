// What the error codes of a broker mean, and the errors that they become. [pure: any thread]

import { type ErrorClass, type ErrorDetails, errorOf, type MillraceError, type Stored } from '../base/errors.ts'
import { type ErrorRow, errorTable } from './error-table.ts'

/** The broker's name of an error: `'NOT_LEADER_OR_FOLLOWER'`. */
export type ErrorName = keyof typeof errorTable

/** What is known about an error code. */
export interface BrokerError {
  readonly code: number
  readonly name: string
  /** The class that `brokerError` throws. */
  readonly class: ErrorClass
  /** The same call may succeed later (Java's RetriableException). */
  readonly retriable: boolean
  /** The client object cannot be used any more. */
  readonly fatal: boolean
  /** The transaction in progress must be aborted. */
  readonly requiresAbort: boolean
  /** Whether the records of a Produce that got this answer are in the log. */
  readonly stored: Stored
  /** What happened and what to do, as the rest of a sentence. */
  readonly text: string
}

/** Every code by its name: `ErrorCode.NOT_LEADER_OR_FOLLOWER` is 6. */
export const ErrorCode = Object.fromEntries(
  Object.entries(errorTable).map(([name, row]) => [name, row[0]]),
) as unknown as { readonly [N in ErrorName]: (typeof errorTable)[N][0] }

/** All errors, by code. */
export const brokerErrors: readonly BrokerError[] = Object.entries(errorTable).map(([name, row]) => describe(name, row))

const byCode = new Map(brokerErrors.map((error) => [error.code, error]))

/** What is known about a code; a code newer than this table counts as an unexpected failure. */
export function brokerErrorOf(code: number): BrokerError {
  return (
    byCode.get(code) ?? describe('UNKNOWN_ERROR_CODE', [code, 'MillraceError', 'M', 'the broker sent an unknown error'])
  )
}

/** True when the same call may succeed later. */
export function isRetriable(code: number): boolean {
  return brokerErrorOf(code).retriable
}

/** What a failure was about, besides what every error may carry. */
export interface BrokerErrorDetails extends ErrorDetails {
  /** What failed, as the beginning of the message: `Fetch from events/3`. */
  readonly what: string
  /** The broker's own message, where the response carries one. */
  readonly brokerMessage?: string | null | undefined
}

/** The error that a code becomes; details given win over the table. */
export function brokerError(code: number, { what, brokerMessage, ...details }: BrokerErrorDetails): MillraceError {
  const { name, class: errorClass, retriable, fatal, requiresAbort, text } = brokerErrorOf(code)
  const at = details.broker === undefined ? '' : ` (broker ${details.broker})`
  const said = brokerMessage === undefined || brokerMessage === null || brokerMessage === '' ? '' : `: ${brokerMessage}`
  const message = `${what}${at}: ${text}${said} [${name} ${code}]`
  return errorOf(errorClass, name, message, { kafkaCode: code, retriable, fatal, requiresAbort, ...details })
}

function describe(name: string, [code, errorClass, letters, text]: ErrorRow): BrokerError {
  return {
    code,
    name,
    class: errorClass,
    retriable: letters.includes('R'),
    fatal: letters.includes('F'),
    requiresAbort: letters.includes('A'),
    stored: letters.includes('S') ? 'stored' : letters.includes('M') ? 'may be stored' : 'not stored',
    text,
  }
}
