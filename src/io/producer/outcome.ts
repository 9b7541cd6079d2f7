// What became of records that were sent, as the I/O thread knows it. [I/O thread]
import { type ErrorClass, errorOf, type MillraceError } from '../../base/errors.ts'

/** Stored, and where; or the error that says whether they are. */
export type Outcome = StoredRecords | { error: MillraceError; requestMs: number }

interface StoredRecords {
  error: undefined
  baseOffset: number
  logAppendTime: number
  requestMs: number
}

/** A part of a batch that has ended; `first` is the number of its first record in the whole. */
export interface EndedPart {
  first: number
  count: number
  outcome: Outcome
}

/**
 * What is true of all records of a batch that went in parts. Stored: a base offset, if they follow each other in the
 * log. If some failed: that error, and `may be stored` as soon as that is so for any of them.
 */
export function outcomeOfAll(parts: EndedPart[]): Outcome {
  parts.sort((a, b) => a.first - b.first)
  const errors = parts.flatMap(({ outcome }) => outcome.error ?? [])
  const first = parts[0]!.outcome
  if (errors[0] !== undefined) {
    const noneStored = errors.length === parts.length && errors.every(({ stored }) => stored === 'not stored')
    return { error: noneStored ? errors[0] : partly(errors[0]), requestMs: first.requestMs }
  }
  const stored = first as StoredRecords
  const inOne = parts.every((part) => (part.outcome as StoredRecords).baseOffset === stored.baseOffset + part.first)
  return { ...stored, baseOffset: inOne ? stored.baseOffset : -1 }
}

function partly(error: MillraceError): MillraceError {
  const text = `Some records of a batch that went in parts were not delivered, others may be: ${error.message}`
  const { code, kafkaCode, retriable, fatal, requiresAbort, broker, topic, partition } = error
  const details = { kafkaCode, retriable, fatal, requiresAbort, broker, topic, partition, cause: error }
  return errorOf(error.name as ErrorClass, code, text, { ...details, stored: 'may be stored' })
}
