// Requests of a transactional producer: asked until they are answered for good, within a bound. [I/O thread]
import type { MillraceError } from '../../base/errors.ts'
import type { ApiName, ResponseOf } from '../../protocol/apis.ts'
import { brokerError, ErrorCode } from '../../protocol/errors.ts'
import { firstError } from '../../protocol/first-error.ts'
import type { CallBounds, Cluster } from '../cluster.ts'
import { maybeSent } from '../connection-loss.ts'
import type { RequestBody } from '../request-options.ts'
import type { RequestTarget } from '../request-target.ts'
import type { Requester } from '../requester.ts'
import type { VersionWish } from '../version-range.ts'
import { asOurs } from './delivery-error.ts'

/** The previous transaction is still being ended: that takes milliseconds, as Java's client has it too. */
export const CONCURRENT_PAUSE_MS = 20

/** Codes after which the producer is of no use, whatever the request was: it was replaced, or may not do this. */
const FATAL: ReadonlySet<number> = new Set([
  ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
  ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
  ErrorCode.PRODUCER_FENCED,
  ErrorCode.INVALID_PRODUCER_EPOCH,
  ErrorCode.INVALID_TXN_STATE,
  ErrorCode.INVALID_TRANSACTION_TIMEOUT,
])

/** How an attempt ended for good. */
export type TransactionAnswer<A extends ApiName> =
  | { error: undefined; body: ResponseOf<A>; doubtful: boolean }
  /** `doubtful`: an attempt was lost, and may have been carried out. */
  | { error: MillraceError; body: undefined; doubtful: boolean }

/** What a request is made of. */
export interface TransactionQuestion<A extends ApiName> extends VersionWish {
  target: RequestTarget
  api: A
  body: RequestBody<A>
  bounds: CallBounds
  /** The next attempt follows this failure. */
  retrying?: (error: MillraceError) => void
}

/** Whether the producer can do nothing more after this code. */
export function isFatal(kafkaCode: number | undefined): boolean {
  return kafkaCode !== undefined && FATAL.has(kafkaCode)
}

/** Asks, and asks again what may succeed later. */
export class TransactionRequests {
  readonly #cluster: Cluster
  readonly #requester: Requester
  readonly #closing: AbortSignal

  /** `closing`: a producer that is closed says nothing more, or it would fence its successor. */
  constructor(cluster: Cluster, requester: Requester, closing: AbortSignal) {
    this.#cluster = cluster
    this.#requester = requester
    this.#closing = closing
  }

  /** Does not reject. The error has `fatal` or `requiresAbort` set as the code means it for a transaction. */
  async ask<A extends ApiName>(question: TransactionQuestion<A>): Promise<TransactionAnswer<A>> {
    const { target, api, body, bounds, version, minVersion, maxVersion } = question
    const deadline = this.#cluster.deadline(api, bounds, this.#closing)
    const errorCodeOf = (answer: ResponseOf<A>) => firstError(api, answer as never)?.code ?? 0
    let doubtful = false
    try {
      for (let attempt = 0; ; attempt++) {
        let error: MillraceError
        try {
          const options = { timeoutMs: deadline.leftMs, signal: deadline.signal, resend: false, errorCodeOf }
          const wish = { version, minVersion, maxVersion }
          const answer = await this.#requester.request(target, api, body, { ...options, ...wish })
          const found = firstError(api, answer.body as never)
          if (found === undefined) return { error: undefined, body: answer.body, doubtful }
          const { code, message: brokerMessage, topic, partition } = found
          error = brokerError(code, { what: api, brokerMessage, topic, partition, ...gravity(code) })
        } catch (thrown) {
          error = asOurs(thrown)
          if (error.kafkaCode === undefined && maybeSent(error)) doubtful = true
        }
        deadline.note(error)
        if (!error.retriable || deadline.signal.aborted) return { error, body: undefined, doubtful }
        question.retrying?.(error)
        const concurrent = error.kafkaCode === ErrorCode.CONCURRENT_TRANSACTIONS
        await deadline.sleep(concurrent ? CONCURRENT_PAUSE_MS : this.#cluster.backoffMs(attempt))
      }
    } catch (thrown) {
      return { error: asOurs(thrown), body: undefined, doubtful }
    } finally {
      deadline.dispose()
    }
  }

  /** Whether the coordinator speaks the second protocol: the feature `transaction.version` is 2 (KIP-890). */
  async speaksSecondProtocol(transactionalId: string): Promise<boolean> {
    const address = await this.#requester.coordinators.find('transaction', transactionalId)
    const connection = this.#cluster.node(address).channel('coordinator').current
    const features = connection?.versions?.finalizedFeatures ?? []
    return features.some(({ name, maxVersionLevel }) => name === 'transaction.version' && maxVersionLevel >= 2)
  }
}

function gravity(code: number): { fatal?: boolean; requiresAbort?: boolean } {
  return isFatal(code) ? { fatal: true, requiresAbort: false } : { fatal: false, requiresAbort: true }
}
