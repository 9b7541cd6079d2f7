// A group under the new protocol (KIP-848): the broker assigns, members reconcile by heartbeats alone. [broker]
//
//   subscriptions, topics, members change ─► group epoch ─► target assignment ─► each member, at its heartbeats:
//     keeps what it may keep, gives back what it must, gets what is free, and so comes to the epoch of the target
import type { Clock } from '../../base/clock.ts'
import type { Random } from '../../base/random.ts'
import type { ResponseInput } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { Topic } from '../topic.ts'
import { type ConsumerHeartbeat, ConsumerMember, STATIC_LEAVE_EPOCH } from './consumer-member.ts'
import type { CommitClaim, Group } from './group.ts'
import type { CheckedGroupOptions } from './group-options.ts'
import { defaultAssignor, isServerAssignor, serverAssignors } from './server-assignors.ts'
import { byTopic, keysOf, type PartitionKey, partitionKey } from './topic-partition-key.ts'

/** The answer to a ConsumerGroupHeartbeat. */
export type HeartbeatAnswer = ResponseInput<'ConsumerGroupHeartbeat'>

/** What a group sees of the cluster. */
export interface GroupWorld {
  readonly clock: Clock
  readonly random: Random
  readonly topics: ReadonlyMap<string, Topic>
  readonly options: CheckedGroupOptions
}

/** Without the epoch of KIP-848 there is no OffsetCommit for its members. */
const COMMIT_VERSION_MIN = 9

/** The coordinator's side of one KIP-848 group. */
export class ConsumerGroup implements Group {
  readonly type = 'Consumer'
  readonly protocolType = 'consumer'
  readonly id: string
  readonly members = new Map<string, ConsumerMember>()
  /** As in Kafka a group without a subscription stays at 1. */
  epoch = 1
  /** The epoch that the targets are of. */
  assignmentEpoch = 0
  readonly targets = new Map<string, ReadonlySet<PartitionKey>>()
  /** The subscribed topics and their partitions when the epoch was last raised. */
  #seenTopics = ''
  readonly #world: GroupWorld

  constructor(id: string, world: GroupWorld) {
    this.id = id
    this.#world = world
  }

  get state(): 'Empty' | 'Assigning' | 'Reconciling' | 'Stable' {
    if (this.isEmpty) return 'Empty'
    if (this.epoch > this.assignmentEpoch) return 'Assigning'
    const settled = [...this.members.values()].every((member) => member.hasReached(this.assignmentEpoch))
    return settled ? 'Stable' : 'Reconciling'
  }

  get isEmpty(): boolean {
    return this.members.size === 0
  }

  get size(): number {
    return this.members.size
  }

  /** The assignor that most members ask for. */
  get assignor(): keyof typeof serverAssignors {
    const votes = new Map<keyof typeof serverAssignors, number>()
    for (const { serverAssignor: name } of this.members.values()) {
      if (name !== null && isServerAssignor(name)) votes.set(name, (votes.get(name) ?? 0) + 1)
    }
    const [first] = [...votes].sort(([, a], [, b]) => b - a)
    return first?.[0] ?? defaultAssignor
  }

  /** Joins, keeps alive, acknowledges: all that a member does but leave. The request was checked by itself. */
  heartbeat(request: ConsumerHeartbeat): HeartbeatAnswer {
    const { memberId, memberEpoch, subscribedTopicRegex: regex, topicPartitions } = request
    if (this.size >= this.#world.options.maxSize && !this.members.has(memberId)) {
      return refusal(ErrorCode.GROUP_MAX_SIZE_REACHED, `The consumer group has ${this.size} members already.`)
    }
    const member = this.#memberOf(request)
    if (!(member instanceof ConsumerMember)) return member
    const before = member.assigned
    const changed = member.update(request)
    this.members.set(member.id, member)
    this.#raiseEpoch(changed)
    this.#assign()
    this.#reconcile(member, topicPartitions === null ? null : keysOf(topicPartitions))
    this.#watch(member)
    const isFull =
      request.rebalanceTimeoutMs !== -1 &&
      (request.subscribedTopicNames !== null || regex !== null) &&
      topicPartitions !== null
    const tell = memberEpoch === 0 || isFull || !sameKeys(before, member.assigned)
    return {
      memberId: member.id,
      memberEpoch: member.epoch,
      heartbeatIntervalMs: this.#world.options.heartbeatIntervalMs,
      ...(tell && { assignment: { topicPartitions: byTopic(member.assigned.keys()) } }),
    }
  }

  /** Leaves for good (-1), or for a while (-2: static members, whose partitions wait for them). */
  leave({ memberId, instanceId, memberEpoch }: ConsumerHeartbeat): HeartbeatAnswer {
    const member = this.#existing(memberId, instanceId)
    if (!(member instanceof ConsumerMember)) return member
    if (memberEpoch === STATIC_LEAVE_EPOCH) {
      member.epoch = STATIC_LEAVE_EPOCH
      member.revoking = new Map()
    } else {
      this.#remove(member)
    }
    return { memberId, memberEpoch }
  }

  refuseCommit({ memberId, groupInstanceId, generationId, transactional, version }: CommitClaim): number {
    if (generationId < 0 && this.isEmpty) return ErrorCode.NONE
    if (transactional && generationId < 0 && memberId === '' && groupInstanceId === null) return ErrorCode.NONE
    const member = this.members.get(memberId)
    if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    if (!transactional && version < COMMIT_VERSION_MIN) return ErrorCode.UNSUPPORTED_VERSION
    if (generationId === member.epoch) return ErrorCode.NONE
    return transactional ? ErrorCode.ILLEGAL_GENERATION : ErrorCode.STALE_MEMBER_EPOCH
  }

  /** The member has had the partition since then, and has it still: an answer with its new epoch may be on the way. */
  takesLate({ memberId, generationId }: CommitClaim, topicId: string, partition: number): boolean {
    const member = this.members.get(memberId)
    const key = partitionKey(topicId, partition)
    const since = member?.assigned.get(key) ?? member?.revoking.get(key)
    return since !== undefined && generationId >= since && generationId < member!.epoch
  }

  committed(): void {}

  refuseFetch(memberId: string | null, memberEpoch: number): number {
    if (memberId === null && memberEpoch < 0) return ErrorCode.NONE
    const member = this.members.get(memberId ?? '')
    if (member === undefined) return ErrorCode.UNKNOWN_MEMBER_ID
    return memberEpoch === member.epoch ? ErrorCode.NONE : ErrorCode.STALE_MEMBER_EPOCH
  }

  subscribes(topic: string): boolean {
    return [...this.members.values()].some((member) => this.#namesOf(member).has(topic))
  }

  /** Nobody waits for an answer here. */
  unload(): void {
    this.close()
  }

  load(): void {
    for (const member of this.members.values()) {
      this.#watch(member)
      if (member.state === 'unrevoked') this.#watchRevocation(member)
    }
  }

  close(): void {
    for (const member of this.members.values()) member.stopTimers()
  }

  /** The member that a request is from, made where it joins; or why there is none. */
  #memberOf(request: ConsumerHeartbeat): ConsumerMember | HeartbeatAnswer {
    const { memberId, instanceId, memberEpoch, topicPartitions } = request
    if (memberEpoch === 0) {
      const holder = instanceId === null ? this.members.get(memberId) : this.#holderOf(instanceId)
      if (holder === undefined) return new ConsumerMember(memberId, instanceId)
      if (instanceId === null) return holder
      if (holder.epoch !== STATIC_LEAVE_EPOCH) {
        const text = `Instance id ${instanceId} is still held by member ${holder.id}, which has not left.`
        return refusal(ErrorCode.UNRELEASED_INSTANCE_ID, text)
      }
      return this.#takeOver(holder, memberId)
    }
    const member = this.#existing(memberId, instanceId)
    if (!(member instanceof ConsumerMember) || memberEpoch === member.epoch) return member
    // An answer with a new epoch may have been lost; whoever has nothing that is not its own may still go on.
    const mayGoOn =
      memberEpoch === member.previousEpoch &&
      topicPartitions !== null &&
      [...keysOf(topicPartitions)].every((key) => member.assigned.has(key))
    if (memberEpoch < member.epoch && mayGoOn) return member
    const text = `The member has epoch ${memberEpoch} where the group knows ${member.epoch}: it must join again.`
    return refusal(ErrorCode.FENCED_MEMBER_EPOCH, text)
  }

  #existing(memberId: string, instanceId: string | null): ConsumerMember | HeartbeatAnswer {
    const member = instanceId === null ? this.members.get(memberId) : this.#holderOf(instanceId)
    if (member === undefined) {
      return refusal(ErrorCode.UNKNOWN_MEMBER_ID, `${instanceId ?? memberId} is not a member of group ${this.id}.`)
    }
    if (member.id === memberId) return member
    const text = `Static member ${memberId} with instance id ${instanceId} was fenced by member ${member.id}.`
    return refusal(ErrorCode.FENCED_INSTANCE_ID, text)
  }

  #holderOf(instanceId: string): ConsumerMember | undefined {
    return [...this.members.values()].find((member) => member.instanceId === instanceId)
  }

  #takeOver(holder: ConsumerMember, memberId: string): ConsumerMember {
    const member = holder.as(memberId)
    this.members.delete(holder.id)
    this.members.set(memberId, member)
    const target = this.targets.get(holder.id)
    this.targets.delete(holder.id)
    if (target !== undefined) this.targets.set(memberId, target)
    return member
  }

  /** The epoch goes up with every change of members, of subscriptions, or of the topics that these name. */
  #raiseEpoch(membersChanged: boolean): void {
    const topics = [...new Set([...this.members.values()].flatMap((member) => [...this.#namesOf(member)]))]
    const seen = topics.sort().map((name) => {
      const topic = this.#world.topics.get(name)
      return topic === undefined ? '' : `${topic.id}:${topic.partitions.length}`
    })
    const seenTopics = seen.join()
    if (membersChanged || seenTopics !== this.#seenTopics) this.epoch++
    this.#seenTopics = seenTopics
  }

  #assign(): void {
    if (this.epoch === this.assignmentEpoch) return
    const counts = new Map<string, number>()
    const members = [...this.members.values()].map((member) => {
      const topics = [...this.#namesOf(member)].flatMap((name) => this.#world.topics.get(name) ?? [])
      for (const { id, partitions } of topics) counts.set(id, partitions.length)
      return {
        id: member.id,
        topics: new Set(topics.map(({ id }) => id)),
        target: this.targets.get(member.id) ?? new Set<PartitionKey>(),
      }
    })
    const targets = serverAssignors[this.assignor](members, (topicId) => counts.get(topicId)!)
    this.targets.clear()
    for (const [id, target] of targets) this.targets.set(id, target)
    this.assignmentEpoch = this.epoch
  }

  #reconcile(member: ConsumerMember, owned: ReadonlySet<PartitionKey> | null): void {
    if (member.hasReached(this.assignmentEpoch)) return
    const held = new Set<PartitionKey>()
    for (const other of this.members.values()) {
      if (other === member) continue
      for (const key of other.assigned.keys()) held.add(key)
      for (const key of other.revoking.keys()) held.add(key)
    }
    const { revoking } = member
    const target = this.targets.get(member.id) ?? new Set<PartitionKey>()
    member.reconcile({ epoch: this.assignmentEpoch, target, isHeld: (key) => held.has(key) }, owned)
    if (member.state !== 'unrevoked') member.rebalanceTimer?.cancel()
    else if (member.revoking !== revoking) this.#watchRevocation(member)
  }

  /** Who does not give back in time is out. */
  #watchRevocation(member: ConsumerMember): void {
    const { epoch } = member
    member.rebalanceTimer?.cancel()
    member.rebalanceTimer = this.#world.clock.after(member.rebalanceTimeoutMs, () => {
      if (member.epoch === epoch) this.#remove(member)
    })
  }

  #watch(member: ConsumerMember): void {
    member.sessionTimer?.cancel()
    member.sessionTimer = this.#world.clock.after(this.#world.options.sessionTimeoutMs, () => this.#remove(member))
  }

  /** Out; the others get its partitions at their next heartbeats. */
  #remove(member: ConsumerMember): void {
    member.stopTimers()
    this.members.delete(member.id)
    this.targets.delete(member.id)
    this.#raiseEpoch(true)
  }

  /** The names of the topics that a member reads, whether they exist or not. */
  #namesOf({ topicNames, pattern }: ConsumerMember): Set<string> {
    const names = new Set(topicNames)
    if (pattern === undefined) return names
    for (const name of this.#world.topics.keys()) if (pattern.matches(name)) names.add(name)
    return names
  }
}

/** The answer in which everything fails, and why. */
export function refusal(errorCode: number, errorMessage: string): HeartbeatAnswer {
  return { errorCode, errorMessage }
}

function sameKeys(one: ReadonlyMap<PartitionKey, number>, other: ReadonlyMap<PartitionKey, number>): boolean {
  return one.size === other.size && [...one.keys()].every((key) => other.has(key))
}
