// Every error that millrace throws. [pure: any thread]
// Codes cross threads, not instances: `toWire` flattens an error for a message and `fromWire` builds it again.

/** Whether records that were sent are in the log. */
export type Stored = 'stored' | 'not stored' | 'may be stored'

/** What may be known about a failure. Undefined means "does not apply" or "not known". */
export interface ErrorDetails {
  /** Kafka's numeric error code, when a broker sent one. */
  kafkaCode?: number | undefined
  /** The same call may succeed later without a change. */
  retriable?: boolean | undefined
  /** The client object that threw cannot be used any more. */
  fatal?: boolean | undefined
  /** The transaction in progress must be aborted. */
  requiresAbort?: boolean | undefined
  /** On what a producer sent: whether the records are in the log all the same. */
  stored?: Stored | undefined
  /** `host:port` of the broker concerned. */
  broker?: string | undefined
  topic?: string | undefined
  partition?: number | undefined
  offset?: number | undefined
  cause?: unknown
}

/** The root of all errors: `code` is a stable literal, `message` says what happened, where, and what to do. */
export class MillraceError extends Error {
  override name = 'MillraceError'
  readonly code: string
  readonly kafkaCode: number | undefined
  readonly retriable: boolean
  readonly fatal: boolean
  readonly requiresAbort: boolean
  readonly stored: Stored | undefined
  readonly broker: string | undefined
  readonly topic: string | undefined
  readonly partition: number | undefined
  readonly offset: number | undefined

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.kafkaCode = details.kafkaCode
    this.retriable = details.retriable ?? false
    this.fatal = details.fatal ?? false
    this.requiresAbort = details.requiresAbort ?? false
    this.stored = details.stored
    this.broker = details.broker
    this.topic = details.topic
    this.partition = details.partition
    this.offset = details.offset
  }
}

const kind = (name: string) =>
  class extends MillraceError {
    override name = name
  }

/** The topic does not exist, or may not be seen. */
export class TopicNotFound extends kind('TopicNotFound') {}
/** A topic of that name exists already. */
export class TopicExists extends kind('TopicExists') {}
/** The topic has no such partition. */
export class PartitionNotFound extends kind('PartitionNotFound') {}
/** A record or request exceeds a limit of the broker or of the client. */
export class MessageTooLarge extends kind('MessageTooLarge') {}
/** The broker asked does not lead the partition (any more). */
export class NotLeader extends kind('NotLeader') {}
/** The offset asked for lies outside the log. */
export class OffsetOutOfRange extends kind('OffsetOutOfRange') {}
/** The group or transaction coordinator is missing, loading, or has moved. */
export class GroupCoordinator extends kind('GroupCoordinator') {}
/** The group is rebalancing; the member must join again. */
export class RebalanceInProgress extends kind('RebalanceInProgress') {}
/** Authentication or authorization was refused. */
export class Unauthorized extends kind('Unauthorized') {}
/** A quota of the broker was exceeded. */
export class QuotaExceeded extends kind('QuotaExceeded') {}
/** Something did not happen within its limit. */
export class Timeout extends kind('Timeout') {}
/** The memory of a producer is used up, and nothing waits for room (any more); the record was not sent. */
export class BufferFull extends kind('BufferFull') {}
/** The connection was refused, closed or cut, or no broker could be reached. */
export class Disconnected extends kind('Disconnected') {}
/** A value could not be serialized or deserialized. */
export class Serialization extends kind('Serialization') {
  /** When reading: a copy of the bytes that could not be deserialized. */
  bytes?: Uint8Array
}
/** A batch is damaged: wrong CRC, impossible lengths, a bad compression stream. */
export class CorruptRecord extends kind('CorruptRecord') {}
/** Bytes from a broker do not follow the protocol. */
export class ProtocolViolation extends kind('ProtocolViolation') {}
/** An option or argument is wrong; nothing was done. */
export class InvalidOption extends kind('InvalidOption') {}
/** The object was closed. */
export class Closed extends kind('Closed') {}
/** The consumer was closed: whoever waited for a record gets none. */
export class ConsumerClosed extends Closed {
  override name = 'ConsumerClosed'
}
/** The batch was released; its bytes belong to another one now. */
export class BatchReleased extends kind('BatchReleased') {}
/** The codec of a batch is not available on this machine. */
export class CodecUnavailable extends kind('CodecUnavailable') {}
/** The broker cannot do what was asked: no common API version. */
export class UnsupportedVersion extends kind('UnsupportedVersion') {}
/** A thread of the engine stopped unexpectedly. */
export class ThreadDied extends kind('ThreadDied') {}

const classes = {
  MillraceError,
  TopicNotFound,
  TopicExists,
  PartitionNotFound,
  MessageTooLarge,
  NotLeader,
  OffsetOutOfRange,
  GroupCoordinator,
  RebalanceInProgress,
  Unauthorized,
  QuotaExceeded,
  Timeout,
  BufferFull,
  Disconnected,
  Serialization,
  CorruptRecord,
  ProtocolViolation,
  InvalidOption,
  Closed,
  ConsumerClosed,
  BatchReleased,
  CodecUnavailable,
  UnsupportedVersion,
  ThreadDied,
} as const

/** The name of an error class, as protocol/errors.ts maps broker codes to it. */
export type ErrorClass = keyof typeof classes

/** Builds an error of the class of that name. */
export function errorOf(name: ErrorClass, code: string, message: string, details?: ErrorDetails): MillraceError {
  return new classes[name](code, message, details)
}

/** An error as plain data, for a message between threads. */
export interface WireError extends Omit<ErrorDetails, 'cause'> {
  class: ErrorClass
  code: string
  message: string
  stack?: string | undefined
  cause?: WireError | undefined
}

/** Flattens any thrown value. */
export function toWire(error: unknown): WireError {
  if (!(error instanceof MillraceError)) {
    const message = error instanceof Error ? error.message : String(error)
    const stack = error instanceof Error ? error.stack : undefined
    return { class: 'MillraceError', code: 'INTERNAL', message, stack, fatal: true }
  }
  const { code, message, kafkaCode, retriable, fatal, requiresAbort, stored } = error
  const { broker, topic, partition, offset, stack } = error
  const cause = error.cause === undefined ? undefined : toWire(error.cause)
  const name = error.name in classes ? (error.name as ErrorClass) : 'MillraceError'
  return {
    class: name,
    code,
    message,
    kafkaCode,
    retriable,
    fatal,
    requiresAbort,
    stored,
    broker,
    topic,
    partition,
    offset,
    stack,
    cause,
  }
}

/** Builds the error that `toWire` flattened. */
export function fromWire(wire: WireError): MillraceError {
  const cause = wire.cause === undefined ? undefined : fromWire(wire.cause)
  return errorOf(wire.class, wire.code, wire.message, { ...wire, cause })
}
