// A member of a KIP-848 group, and how it moves from what it has to what it is to have. [broker]
import type { Timer } from '../../base/clock.ts'
import type { RequestOf } from '../../protocol/apis.ts'
import type { PartitionKey } from './topic-partition-key.ts'
import type { TopicPattern } from './topic-pattern.ts'

/** The epoch of a static member that will be back (KIP-848). */
export const STATIC_LEAVE_EPOCH = -2

/** Where the group wants a member to be. */
export interface Goal {
  epoch: number
  target: ReadonlySet<PartitionKey>
  /** Whether another member still holds the partition. */
  isHeld(key: PartitionKey): boolean
}

/** A ConsumerGroupHeartbeat, with what its connection tells. */
export type ConsumerHeartbeat = RequestOf<'ConsumerGroupHeartbeat'> & {
  /** Of its regular expression, where it has one. */
  pattern: TopicPattern | undefined
  clientId: string
  clientHost: string
}

/** A member; what it was told last and what it must give back first. */
export class ConsumerMember {
  readonly id: string
  readonly instanceId: string | null
  rackId: string | null = null
  clientId = ''
  clientHost = ''
  rebalanceTimeoutMs = 0
  topicNames: readonly string[] = []
  topicRegex = ''
  /** The same as a machine. */
  pattern: TopicPattern | undefined
  serverAssignor: string | null = null
  epoch = 0
  previousEpoch = 0
  /**
   * `unrevoked`: it has to give partitions back and has not said that it did. `unreleased`: it waits for partitions
   * that others have to give back.
   */
  state: 'stable' | 'unrevoked' | 'unreleased' = 'stable'
  /** What it may read, with the epoch in which it got it. */
  assigned = new Map<PartitionKey, number>()
  /** What it must stop to read. */
  revoking = new Map<PartitionKey, number>()
  sessionTimer: Timer | undefined
  rebalanceTimer: Timer | undefined

  constructor(id: string, instanceId: string | null) {
    this.id = id
    this.instanceId = instanceId
  }

  /** The same static member under another id. */
  as(id: string): ConsumerMember {
    const copy = Object.assign(new ConsumerMember(id, this.instanceId), this, { id, previousEpoch: 0 })
    copy.sessionTimer = undefined
    copy.rebalanceTimer = undefined
    this.stopTimers()
    return copy
  }

  /** Takes over what a heartbeat says; null and -1 say nothing. True when the subscription has changed. */
  update(request: ConsumerHeartbeat): boolean {
    const { rackId, rebalanceTimeoutMs, subscribedTopicNames, subscribedTopicRegex, serverAssignor } = request
    this.clientId = request.clientId
    this.clientHost = request.clientHost
    this.rackId = rackId ?? this.rackId
    this.serverAssignor = serverAssignor ?? this.serverAssignor
    if (rebalanceTimeoutMs !== -1) this.rebalanceTimeoutMs = rebalanceTimeoutMs
    const names = subscribedTopicNames === null ? this.topicNames : [...new Set(subscribedTopicNames)].sort()
    const regex = subscribedTopicRegex ?? this.topicRegex
    const changed = names.join() !== this.topicNames.join() || regex !== this.topicRegex
    this.topicNames = names
    this.topicRegex = regex
    if (subscribedTopicRegex !== null) this.pattern = request.pattern
    return changed
  }

  /** Whether it has all that it is to have in this epoch, and nothing else. */
  hasReached(epoch: number): boolean {
    return this.state === 'stable' && this.epoch === epoch
  }

  /** One step towards the goal; `owned` is what it says it has, null when it does not say. */
  reconcile({ epoch, target, isHeld }: Goal, owned: ReadonlySet<PartitionKey> | null): void {
    if (this.hasReached(epoch)) return
    const stillHas = (revoked: Iterable<PartitionKey>) => owned === null || [...revoked].some((key) => owned.has(key))
    if (this.state === 'unrevoked' && stillHas(this.revoking.keys())) return
    const kept = new Map([...this.assigned].filter(([key]) => target.has(key)))
    const revoked = new Map([...this.assigned].filter(([key]) => !target.has(key)))
    this.previousEpoch = this.epoch
    this.assigned = kept
    if (revoked.size > 0 && stillHas(revoked.keys())) {
      this.state = 'unrevoked'
      this.revoking = revoked
      return
    }
    const free = [...target].filter((key) => !kept.has(key) && !isHeld(key))
    for (const key of free) kept.set(key, epoch)
    this.state = kept.size === target.size ? 'stable' : 'unreleased'
    this.revoking = new Map()
    this.epoch = epoch
  }

  stopTimers(): void {
    this.sessionTimer?.cancel()
    this.rebalanceTimer?.cancel()
  }
}
