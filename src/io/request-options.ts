// What a caller says about one request to one broker, and what comes back. [I/O thread]
import type { ApiName, RequestInput, ResponseOf } from '../protocol/apis.ts'
import type { VersionWish } from './version-range.ts'

/** How one request is sent. */
export interface RequestOptions extends VersionWish {
  /** How long to wait for the answer once the request was written; default `requestTimeoutMs`. */
  timeoutMs?: number | undefined
  signal?: AbortSignal | undefined
}

/** How a request with a sink is sent. */
export interface SendOptions extends RequestOptions {
  /** The transport needs the pieces no more (also after a failure). */
  sent?: (() => void) | undefined
  /** True for a Produce with acks 0, which has no answer: `end` follows `sent`. */
  unanswered?: boolean | undefined
}

/** The body of a request, or how to make it for the version that is used. */
export type RequestBody<A extends ApiName> = RequestInput<A> | ((version: number) => RequestInput<A>)

/** A decoded response, and the version it came in. */
export interface Answer<A extends ApiName> {
  body: ResponseOf<A>
  version: number
}
