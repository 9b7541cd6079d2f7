// What the handler of one API is given, and what it gives back. [broker]
import type { ApiName, RequestOf, ResponseInput } from '../protocol/apis.ts'
import type { Cluster, Node } from './cluster.ts'
import type { Feature } from './features.ts'

/** Where a request came from. */
export interface RequestContext {
  readonly api: ApiName
  readonly cluster: Cluster
  /** The node whose listener took the request. */
  readonly node: Node
  readonly version: number
  readonly correlationId: number
  readonly clientId: string | null
  /** The client, as `host:port`. */
  readonly peer: string
  /** The API versions that this broker admits to. */
  readonly versions: ReadonlyMap<ApiName, readonly [min: number, max: number]>
  /** The features of the cluster, with the versions in force. */
  readonly features: readonly Feature[]
  /** Calls back once when the connection is gone; returns how to take that back. */
  onClosed(callback: () => void): () => void
  /** Cuts the connection. */
  disconnect(): void
}

/** Answers one API. `undefined` is no answer at all (Produce with acks 0). */
export interface Handler<A extends ApiName, Answer = ResponseInput<A>> {
  handle(request: RequestOf<A>, context: RequestContext): Answer | undefined | Promise<Answer | undefined>
  /** The answer in which everything that was asked for fails with this code. */
  refuse(request: RequestOf<A>, errorCode: number, context: RequestContext): Answer
  /** Encodes with the length prefix, where the table codec would copy too much. Default: the table codec. */
  encode?(answer: Answer, context: RequestContext): Uint8Array[]
}
