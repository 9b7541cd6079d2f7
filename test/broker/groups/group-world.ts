// A coordinator without a network, under a virtual clock. [test process]
import { seededRandom } from '../../../src/base/random.ts'
import type { JoinAnswer, JoinRequest, SyncAnswer } from '../../../src/broker/groups/classic-member.ts'
import type { ConsumerHeartbeat } from '../../../src/broker/groups/consumer-member.ts'
import type { GroupOptions } from '../../../src/broker/groups/group-options.ts'
import { Groups } from '../../../src/broker/groups/groups.ts'
import { Topic } from '../../../src/broker/topic.ts'
import { VirtualClock } from '../../../src/wiring/virtual-clock.ts'

/** Groups, their clock, and the topics that they can read. */
export class GroupWorld {
  readonly clock: VirtualClock
  readonly topics = new Map<string, Topic>()
  readonly groups: Groups

  constructor({ seed = 1, ...options }: GroupOptions & { seed?: number } = {}) {
    const random = seededRandom(seed)
    this.clock = new VirtualClock({ random })
    this.groups = new Groups({ clock: this.clock, random, topics: this.topics, options })
  }

  topic(name: string, partitions: number): Topic {
    const topic = new Topic(name, `${name}AAAAAAAAAAAAAAAAAAAAAAAA`.slice(0, 22), {})
    for (let i = 0; i < partitions; i++) topic.addPartition([1])
    this.topics.set(name, topic)
    return topic
  }

  /** A classic member of group `g`; nothing happens by itself. */
  member(given: Partial<JoinRequest> = {}): ClassicActor {
    return new ClassicActor(this, given)
  }
}

/** A classic member that a test moves. */
export class ClassicActor {
  readonly #world: GroupWorld
  readonly #request: JoinRequest
  /** The answers that have come. */
  readonly joins: JoinAnswer[] = []
  readonly syncs: SyncAnswer[] = []

  constructor(world: GroupWorld, given: Partial<JoinRequest>) {
    this.#world = world
    this.#request = {
      memberId: '',
      groupInstanceId: null,
      clientId: 'actor',
      clientHost: '/here',
      sessionTimeoutMs: 10_000,
      rebalanceTimeoutMs: 20_000,
      protocolType: 'consumer',
      protocols: [{ name: 'range', metadata: Buffer.from('m') }],
      needsMemberId: false,
      maySkipAssignment: true,
      ...given,
    }
  }

  get id(): string {
    return this.joins.at(-1)?.memberId ?? ''
  }

  get claim() {
    const { groupInstanceId } = this.#request
    return { memberId: this.id, groupInstanceId, generationId: this.joins.at(-1)?.generationId ?? -1 }
  }

  join(more: Partial<JoinRequest> = {}): void {
    const request = { ...this.#request, memberId: this.id, ...more }
    this.#world.groups.classic('g', true)!.join(request, (answer) => this.joins.push(answer))
  }

  /** The leader gives everyone a word. */
  sync(assignments: { memberId: string; assignment: Uint8Array }[] = []): void {
    const request = { ...this.claim, protocolType: 'consumer', protocolName: 'range', assignments }
    this.#world.groups.classic('g', false)!.sync(request, (answer) => this.syncs.push(answer))
  }

  beat(): number {
    return this.#world.groups.classic('g', false)!.heartbeat(this.claim)
  }
}

/** A KIP-848 heartbeat with everything that it does not say. */
export function heartbeatOf(given: Partial<ConsumerHeartbeat> & { memberId: string }): ConsumerHeartbeat {
  return {
    groupId: 'g',
    memberEpoch: 0,
    instanceId: null,
    rackId: null,
    rebalanceTimeoutMs: -1,
    subscribedTopicNames: null,
    subscribedTopicRegex: null,
    serverAssignor: null,
    topicPartitions: null,
    pattern: undefined,
    clientId: 'actor',
    clientHost: '/here',
    ...given,
  }
}
