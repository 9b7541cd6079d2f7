// What a coordinator's error means for a member, and what to do about it. [I/O thread]
import { MillraceError } from '../../base/errors.ts'
import { brokerError, ErrorCode } from '../../protocol/errors.ts'

/**
 * `again`: the same once more, after a pause. `rejoin`: the group goes on to another generation; take part. `reset`:
 * the group does not know this member any more, what it had is lost. `fatal`: no attempt will help.
 */
export type GroupRemedy = 'again' | 'rejoin' | 'reset' | 'fatal'

const REMEDIES: ReadonlyMap<number, GroupRemedy> = new Map([
  [ErrorCode.COORDINATOR_LOAD_IN_PROGRESS, 'again'],
  [ErrorCode.COORDINATOR_NOT_AVAILABLE, 'again'],
  [ErrorCode.NOT_COORDINATOR, 'again'],
  [ErrorCode.REBALANCE_IN_PROGRESS, 'rejoin'],
  [ErrorCode.MEMBER_ID_REQUIRED, 'rejoin'],
  [ErrorCode.ILLEGAL_GENERATION, 'reset'],
  [ErrorCode.UNKNOWN_MEMBER_ID, 'reset'],
  // Of groups with the new protocol: the member id stays, the epoch starts again at 0.
  [ErrorCode.FENCED_MEMBER_EPOCH, 'reset'],
  [ErrorCode.STALE_MEMBER_EPOCH, 'again'],
])

/** What to do about an answer with this code. */
export function remedyOf(code: number): GroupRemedy {
  return REMEDIES.get(code) ?? 'fatal'
}

/** What to do about a request that failed: answers that were lost, brokers that are away, and codes in errors. */
export function remedyFor(error: unknown): GroupRemedy {
  if (!(error instanceof MillraceError)) return 'fatal'
  if (error.kafkaCode !== undefined && REMEDIES.has(error.kafkaCode)) return remedyOf(error.kafkaCode)
  return error.retriable || error.code === 'NO_BROKER_REACHABLE' ? 'again' : 'fatal'
}

const HINTS: ReadonlyMap<number, string> = new Map([
  [ErrorCode.FENCED_INSTANCE_ID, 'Another consumer has the same groupInstanceId: give each one of its own.'],
  [
    ErrorCode.INCONSISTENT_GROUP_PROTOCOL,
    'The other members use other assignors: list one of theirs in partitionAssignmentStrategy as well.',
  ],
  [ErrorCode.UNRELEASED_INSTANCE_ID, 'Another consumer has the same groupInstanceId and is alive: give each its own.'],
  [ErrorCode.UNSUPPORTED_ASSIGNOR, "The broker has no such assignor: set groupRemoteAssignor to 'uniform' or 'range'."],
  [ErrorCode.INVALID_REGULAR_EXPRESSION, 'The broker could not read the expression: subscribe to topics by name.'],
  [
    ErrorCode.GROUP_ID_NOT_FOUND,
    'The group is of the other kind: use the groupProtocol of its members, or another group.',
  ],
])

/** The error that ends a membership, or that a leave ends with. */
export function groupError(code: number, what: string, brokerMessage?: string | null): MillraceError {
  const hint = HINTS.get(code)
  const error = brokerError(code, { what, brokerMessage, fatal: remedyOf(code) === 'fatal' })
  if (hint === undefined) return error
  const { kafkaCode, retriable, fatal } = error
  return new (error.constructor as typeof MillraceError)(error.code, `${error.message} ${hint}`, {
    ...{ kafkaCode, retriable, fatal },
  })
}
