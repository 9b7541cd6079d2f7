// The errors of a connection that is over: what happened, and what that means for each request. [I/O thread]
import { Disconnected, type MillraceError } from '../base/errors.ts'
import type { Exchange } from './exchange.ts'

const TEXTS: Record<string, readonly [code: string, text: string]> = {
  ECONNREFUSED: ['CONNECTION_REFUSED', 'refused the connection: nothing listens there'],
  ENOTFOUND: ['HOST_NOT_FOUND', 'was not found: the host name does not resolve'],
  EAI_AGAIN: ['HOST_NOT_FOUND', 'was not found: the host name could not be looked up'],
  EHOSTUNREACH: ['HOST_UNREACHABLE', 'cannot be reached from here'],
  ENETUNREACH: ['HOST_UNREACHABLE', 'cannot be reached from here: no route'],
  ETIMEDOUT: ['CONNECTION_LOST', 'stopped answering'],
  ECONNRESET: ['CONNECTION_LOST', 'reset the connection'],
  EPIPE: ['CONNECTION_LOST', 'closed the connection'],
}

/** The error of a socket that closed by itself. */
export function lossOf(broker: string, error: Error | undefined, handshake: boolean): Disconnected {
  const code = socketCode(error)
  const known = code === undefined ? undefined : TEXTS[code]
  const text = known?.[1] ?? (error === undefined ? 'closed the connection' : `failed: ${error.message}`)
  const hint =
    handshake && (error === undefined || known?.[0] === 'CONNECTION_LOST')
      ? ' during the handshake. Does this listener expect TLS or another protocol?'
      : '.'
  return new Disconnected(known?.[0] ?? 'CONNECTION_LOST', `${broker} ${text}${hint}`, {
    broker,
    retriable: true,
    cause: error,
  })
}

/** A host with several addresses fails with one error each, in an AggregateError. */
function socketCode(error: Error | undefined): string | undefined {
  const { code, errors } = (error ?? {}) as { code?: string; errors?: { code?: string }[] }
  return code ?? errors?.[0]?.code
}

/**
 * The error of one request on a connection that ended for `reason`: NOT_SENT or CONNECTION_LOST, which tells whether
 * the broker may have acted on it.
 */
export function lossFor(exchange: Exchange, broker: string, reason: MillraceError): Disconnected {
  const [code, text] = exchange.written
    ? ['CONNECTION_LOST', 'was sent, and may have been carried out, but its answer was lost']
    : ['NOT_SENT', 'was not sent']
  return new Disconnected(code!, `${exchange.name} to ${broker} ${text}: ${reason.message}`, {
    broker,
    retriable: true,
    cause: reason,
  })
}

/** Whether the request that failed so may have reached the broker; for errors of connections, true when in doubt. */
export function maybeSent(error: MillraceError): boolean {
  return !NEVER_SENT.has(error.code)
}

const NEVER_SENT = new Set([
  'NOT_SENT',
  'UNSUPPORTED_VERSION',
  'BACKLOG_FULL',
  'CONNECTION_REFUSED',
  'HOST_NOT_FOUND',
  'CONNECT_TIMEOUT',
  'NO_BROKER_REACHABLE',
])
