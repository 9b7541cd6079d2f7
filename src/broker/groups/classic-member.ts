// A member of a classic group, as its coordinator knows it. [broker]
import type { Timer } from '../../base/clock.ts'
import { decodeSubscription } from '../../group/subscription.ts'
import type { ResponseInput } from '../../protocol/apis.ts'

/** What a member can speak, and what it tells the leader in that case. */
export interface Protocol {
  name: string
  metadata: Uint8Array
}

/** A JoinGroup, with what its connection and version tell. */
export interface JoinRequest {
  memberId: string
  groupInstanceId: string | null
  clientId: string
  clientHost: string
  sessionTimeoutMs: number
  rebalanceTimeoutMs: number
  protocolType: string
  protocols: readonly Protocol[]
  /** KIP-394 (v4): whoever has no id yet gets one, and joins with it. */
  needsMemberId: boolean
  /** KIP-814 (v9): a leader may be told that assigning again is not wanted. */
  maySkipAssignment: boolean
}

/** The answer to a JoinGroup. */
export type JoinAnswer = ResponseInput<'JoinGroup'>
/** The answer to a SyncGroup. */
export type SyncAnswer = ResponseInput<'SyncGroup'>
/** Answers a request that was kept waiting. */
export type Settle<Answer> = (answer: Answer) => void

const NOTHING = new Uint8Array(0)

/** A member; its requests that wait are here until they are answered. */
export class ClassicMember {
  id: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  sessionTimeoutMs = 0
  rebalanceTimeoutMs = 0
  protocols: readonly Protocol[] = []
  assignment: Uint8Array = NOTHING
  awaitingJoin: Settle<JoinAnswer> | undefined
  awaitingSync: Settle<SyncAnswer> | undefined
  /** It does not know its generation yet, so it sends no heartbeats. */
  isNew = true
  /** Ends its session. */
  timer: Timer | undefined

  constructor(id: string, request: JoinRequest) {
    this.id = id
    this.instanceId = request.groupInstanceId
    this.clientId = request.clientId
    this.clientHost = request.clientHost
    this.update(request)
  }

  /** Takes over what a later JoinGroup says. */
  update({ sessionTimeoutMs, rebalanceTimeoutMs, protocols }: JoinRequest): void {
    this.sessionTimeoutMs = sessionTimeoutMs
    this.rebalanceTimeoutMs = rebalanceTimeoutMs
    this.protocols = protocols
  }

  /** Whether these are the protocols that it joined with, to the byte. */
  matches(protocols: readonly Protocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      protocols.every(({ name, metadata }, i) => {
        const own = this.protocols[i]!
        return own.name === name && Buffer.compare(own.metadata, metadata) === 0
      })
    )
  }

  metadataFor(protocol: string | null): Uint8Array {
    return this.protocols.find(({ name }) => name === protocol)?.metadata ?? NOTHING
  }

  /** Whether one of its protocols, read as a consumer's, names the topic. */
  subscribes(topic: string): boolean {
    return this.protocols.some(({ metadata }) => {
      try {
        const who = { memberId: this.id, groupInstanceId: this.instanceId }
        return decodeSubscription(metadata, who).topics.includes(topic)
      } catch {
        // Not a subscription: a member may say what it likes.
        return false
      }
    })
  }

  /** True while the coordinator owes it an answer, so that its silence says nothing. */
  get isHeldUp(): boolean {
    return !this.isNew && (this.awaitingJoin !== undefined || this.awaitingSync !== undefined)
  }

  answerJoin(answer: JoinAnswer): void {
    const settle = this.awaitingJoin
    this.awaitingJoin = undefined
    settle?.(answer)
  }

  /** Returns whether there was a SyncGroup to answer. */
  answerSync(answer: SyncAnswer): boolean {
    const settle = this.awaitingSync
    this.awaitingSync = undefined
    settle?.(answer)
    return settle !== undefined
  }

  forgetAssignment(): void {
    this.assignment = NOTHING
  }
}
