// The error of a batch that was not delivered: where, why, and whether its records are in the log. [I/O thread]
import { type ErrorClass, errorOf, MillraceError, type Stored, Timeout } from '../../base/errors.ts'
import type { SealedBatch } from '../../control/producing.ts'
import { brokerError } from '../../protocol/errors.ts'

type Place = Pick<SealedBatch, 'topic' | 'partition'>

const SENTENCES: Record<Stored, string> = {
  stored: 'The records are stored all the same.',
  'not stored': 'The records are not stored.',
  'may be stored': 'The records may be stored.',
}

/** What the broker answered. */
export function refused(code: number, place: Place, broker: string, brokerMessage: string | null): MillraceError {
  const { topic, partition } = place
  return brokerError(code, { what: `Produce to ${topic}-${partition}`, broker, brokerMessage, topic, partition })
}

/** The deadline of the batch came first. */
export function expired(place: Place, cause: MillraceError | undefined): MillraceError {
  const { topic, partition } = place
  const reason = cause === undefined ? 'it was still waiting for its turn' : `last error: ${cause.message}`
  const text = `Records for ${topic}-${partition} were not delivered within deliveryTimeoutMs: ${reason}`
  return new Timeout('DELIVERY_TIMED_OUT', text, { topic, partition, retriable: true, cause })
}

/** The same error, with what is known of the records. */
export function delivered(error: MillraceError, { topic, partition }: Place, stored: Stored): MillraceError {
  const { code, kafkaCode, retriable, fatal, requiresAbort, broker, cause } = error
  const details = { kafkaCode, retriable, fatal, requiresAbort, broker, cause, topic, partition, stored }
  const end = error.message.endsWith('.') ? '' : '.'
  return errorOf(error.name as ErrorClass, code, `${error.message}${end} ${SENTENCES[stored]}`, details)
}

/** What was thrown, as one of ours. */
export function asOurs(error: unknown): MillraceError {
  return error instanceof MillraceError ? error : new MillraceError('INTERNAL', String(error), { cause: error })
}
