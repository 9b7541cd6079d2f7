// Requests to whoever they concern: found, sent, and tried again within one deadline. [I/O thread]
import { Disconnected, MillraceError } from '../base/errors.ts'
import type { ApiName, ResponseOf } from '../protocol/apis.ts'
import { brokerError, ErrorCode } from '../protocol/errors.ts'
import type { Role } from './channel.ts'
import type { CallBounds, Cluster } from './cluster.ts'
import type { Connection } from './connection.ts'
import { maybeSent } from './connection-loss.ts'
import { Coordinators } from './coordinators.ts'
import type { Deadline } from './deadline.ts'
import type { Answer, RequestBody } from './request-options.ts'
import { describeTarget, type RequestTarget } from './request-target.ts'
import type { VersionWish } from './version-range.ts'

/** Answers that say: right question, wrong broker, or a broker that is not ready for it. */
const MOVED: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.NOT_CONTROLLER,
])

/** How a request is sent and retried. */
export interface ClusterRequestOptions<A extends ApiName = ApiName> extends CallBounds, VersionWish {
  /** Which connection to use; default 'coordinator' for coordinators, else 'admin'. */
  role?: Role | undefined
  /** For one attempt; default `requestTimeoutMs`. */
  requestTimeoutMs?: number | undefined
  /** Whether a request that may have been carried out is sent again when its answer is lost; default true. */
  resend?: boolean | undefined
  /** Where in the answer the error code stands that tells a wrong coordinator; default the top-level `errorCode`. */
  errorCodeOf?: ((body: ResponseOf<A>) => number) | undefined
}

/** Sends requests by target. */
export class Requester {
  readonly #cluster: Cluster
  readonly coordinators: Coordinators

  constructor(cluster: Cluster) {
    this.#cluster = cluster
    this.coordinators = new Coordinators(async (body) => {
      const answer = await this.request('any', 'FindCoordinator', body)
      return answer.body
    })
  }

  /**
   * Resolves to the answer, whatever error codes are in it, but for those of a coordinator or controller that moved:
   * these are retried. Rejects with the last error within `defaultApiTimeoutMs`.
   */
  async request<A extends ApiName>(
    target: RequestTarget,
    api: A,
    body: RequestBody<A>,
    options: ClusterRequestOptions<A> = {},
  ): Promise<Answer<A>> {
    const deadline = this.#cluster.deadline(`${api} to ${describeTarget(target)}`, options)
    try {
      for (let attempt = 0; ; attempt++) {
        try {
          return await this.#attempt(target, api, body, options, deadline)
        } catch (error) {
          if (!this.#retry(error, target, options, deadline)) throw error
          deadline.note(error as MillraceError)
        }
        await deadline.sleep(this.#cluster.backoffMs(attempt))
      }
    } finally {
      deadline.dispose()
    }
  }

  async #attempt<A extends ApiName>(
    target: RequestTarget,
    api: A,
    body: RequestBody<A>,
    options: ClusterRequestOptions<A>,
    deadline: Deadline,
  ): Promise<Answer<A>> {
    const connection = await deadline.race(this.#resolve(target, options.role, deadline))
    const { version, minVersion, maxVersion, requestTimeoutMs: timeoutMs } = options
    const wish = { version, minVersion, maxVersion }
    const answer = await connection.request(api, body, { ...wish, timeoutMs, signal: deadline.signal })
    if (typeof target === 'object' && !('coordinator' in target)) return answer
    const code = options.errorCodeOf?.(answer.body) ?? (answer.body as { errorCode?: number }).errorCode ?? 0
    if (MOVED.has(code)) throw brokerError(code, { what: api, broker: connection.broker })
    return answer
  }

  #retry(
    error: unknown,
    target: RequestTarget,
    options: { resend?: boolean | undefined },
    deadline: Deadline,
  ): boolean {
    if (!(error instanceof MillraceError) || deadline.signal.aborted) return false
    this.#forget(target, error)
    // The first contact fails as a whole, and says where; everything else that may pass is tried again.
    if (!error.retriable || error.code === 'NO_BROKER_REACHABLE') return false
    return options.resend !== false || !maybeSent(error) || error.kafkaCode !== undefined
  }

  /** What led to the failure is looked up again. */
  #forget(target: RequestTarget, error: MillraceError): void {
    if (typeof target === 'object' && 'coordinator' in target) {
      if (error.kafkaCode !== ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) {
        this.coordinators.invalidate(target.coordinator, target.key)
      }
    } else if (typeof target === 'object' && 'leader' in target) {
      this.#cluster.markStale(target.leader.topic, target.leader.partition)
    } else if (target !== 'any') {
      this.#cluster.refresh([]).catch(() => {})
    }
  }

  async #resolve(target: RequestTarget, role: Role | undefined, deadline: Deadline): Promise<Connection> {
    const { metadata, contact } = this.#cluster
    if (target === 'any') return contact.connection(role ?? 'admin', deadline)
    if (target === 'controller') {
      if (metadata.broker(metadata.controllerId) === undefined) await this.#cluster.refresh([])
      if (metadata.controllerId < 0) return contact.connection(role ?? 'admin', deadline)
      return this.#broker(metadata.controllerId, role)
    }
    if ('broker' in target) return this.#broker(target.broker, role)
    if ('leader' in target) {
      const { topic, partition } = target.leader
      await this.#cluster.topic(topic, { signal: deadline.signal })
      const leader = this.#cluster.leaderOf(topic, partition)
      if (leader !== undefined) return this.#broker(leader.brokerId, role)
      const what = `The leader of ${topic}-${partition}`
      throw brokerError(ErrorCode.LEADER_NOT_AVAILABLE, { what, topic, partition })
    }
    const address = await this.coordinators.find(target.coordinator, target.key)
    return this.#cluster
      .node(address)
      .channel(role ?? 'coordinator')
      .connection()
  }

  async #broker(brokerId: number, role: Role = 'admin'): Promise<Connection> {
    if (this.#cluster.metadata.broker(brokerId) === undefined) await this.#cluster.refresh([])
    const channel = this.#cluster.channel(brokerId, role)
    if (channel !== undefined) return channel.connection()
    const text = `Broker ${brokerId} is not in the cluster's metadata at present.`
    throw new Disconnected('UNKNOWN_BROKER', text, { retriable: true })
  }
}
