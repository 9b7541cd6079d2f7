// The producer id of an idempotent producer without transactions: asked for once, when it is needed. [I/O thread]
import type { MillraceError } from '../../base/errors.ts'
import { brokerError, isRetriable } from '../../protocol/errors.ts'
import type { CallBounds, Cluster } from '../cluster.ts'
import type { Requester } from '../requester.ts'
import { asOurs } from './delivery-error.ts'
import type { Identity } from './outgoing-batch.ts'

/** What it is made with. */
export interface ProducerIdPlan {
  cluster: Cluster
  requester: Requester
  /** It is there. */
  found(): void
  /** It cannot be had, and why. */
  failed(error: MillraceError): void
  /** An attempt failed, another will follow. */
  delayed(error: MillraceError): void
}

/** Any broker gives out producer ids. Asks until it gets one, is refused, or is closed. */
export class ProducerId {
  readonly #plan: ProducerIdPlan
  readonly #closing = new AbortController()
  /** Why there is none, and never will be. */
  #refusal: MillraceError | undefined
  #current: Identity | undefined
  #asking = false
  /** Settles with the attempts that are being made. */
  #answer: Promise<void> = Promise.resolve()

  constructor(plan: ProducerIdPlan) {
    this.#plan = plan
  }

  /** The identity, undefined until it is there; it is asked for then. `usedUp` asks for another one than that. */
  get(usedUp: bigint | undefined): Identity | undefined {
    if (this.#current !== undefined && this.#current.producerId === usedUp) this.#current = undefined
    if (this.#current === undefined && !this.#asking && this.#refusal === undefined) this.#answer = this.#ask()
    return this.#current
  }

  /** The identity, once it is there. */
  async await({ timeoutMs, signal }: CallBounds): Promise<Identity> {
    const deadline = this.#plan.cluster.deadline('InitProducerId', { timeoutMs, signal })
    try {
      for (let known = this.get(undefined); ; known = this.get(undefined)) {
        if (known !== undefined) return known
        if (this.#refusal !== undefined) throw this.#refusal
        await deadline.race(this.#answer)
      }
    } finally {
      deadline.dispose()
    }
  }

  close(error: MillraceError): void {
    this.#refusal ??= error
    this.#closing.abort()
  }

  async #ask(): Promise<void> {
    const { cluster, requester, found, failed, delayed } = this.#plan
    const { signal } = this.#closing
    this.#asking = true
    for (let attempt = 0; this.#current === undefined && !signal.aborted; attempt++) {
      let error: MillraceError
      try {
        const body = { transactionalId: null, transactionTimeoutMs: 0x7fffffff }
        const { body: answer } = await requester.request('any', 'InitProducerId', body, { signal })
        const { errorCode, producerId, producerEpoch } = answer
        if (errorCode === 0) {
          this.#current = { producerId, producerEpoch }
          break
        }
        error = brokerError(errorCode, { what: 'InitProducerId', retriable: isRetriable(errorCode) })
      } catch (thrown) {
        error = asOurs(thrown)
      }
      if (signal.aborted) break
      if (!error.retriable) {
        this.#asking = false
        this.#refusal = error
        return failed(error)
      }
      delayed(error)
      await new Promise<void>((resolve) => cluster.host.clock.after(cluster.backoffMs(attempt), resolve))
    }
    this.#asking = false
    if (this.#current !== undefined) found()
  }
}
