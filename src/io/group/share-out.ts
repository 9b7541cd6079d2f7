// What the leader of a classic group does: looks topics up, calls the assignor, and watches the topics. [I/O thread]
import { errorOf, fromWire, type MillraceError, ProtocolViolation, TopicNotFound } from '../../base/errors.ts'
import type { GroupAssignment, GroupMember, GroupTopic } from '../../control/grouping.ts'
import { assignorNamed } from '../../group/assignors.ts'
import { decodeSubscription, encodeAssignment } from '../../group/subscription.ts'
import type { ResponseOf } from '../../protocol/apis.ts'
import { ErrorCode } from '../../protocol/errors.ts'
import type { MembershipHost } from './membership.ts'

const DELETED_AFTER_MS = 2_000

type Joined = ResponseOf<'JoinGroup'>

/** The leader's part of one generation. */
export class ShareOut {
  readonly #host: MembershipHost
  readonly #members: GroupMember[]
  readonly #topics = new Map<string, GroupTopic | undefined>()
  readonly #missingSinceMs = new Map<string, number>()

  constructor(host: MembershipHost, joined: Joined) {
    this.#host = host
    this.#members = joined.members.map(({ memberId, groupInstanceId, metadata }) => {
      try {
        return decodeSubscription(metadata, { memberId, groupInstanceId })
      } catch (error) {
        if (!(error instanceof ProtocolViolation)) throw error
        // One member that talks nonsense gets nothing; the others are not to suffer for it.
        return { memberId, groupInstanceId: undefined, topics: [], owned: [], generation: -1, ...NOWHERE }
      }
    })
  }

  /** All topics that somebody is subscribed to. */
  get topics(): string[] {
    return [...new Set(this.#members.flatMap(({ topics }) => topics))]
  }

  /** The assignments as they go into SyncGroup. */
  async assignments(assignor: string, signal: AbortSignal): Promise<{ memberId: string; assignment: Uint8Array }[]> {
    await Promise.all(this.topics.map(async (topic) => this.#topics.set(topic, await this.#look(topic, signal))))
    const topics = [...this.#topics.values()].filter((one) => one !== undefined)
    const assignment = await this.#assign(assignor, topics)
    return this.#members.map(({ memberId }) => {
      return { memberId, assignment: encodeAssignment(assignment.get(memberId) ?? []) }
    })
  }

  /** Takes the topics as they are now, for a leader that is not to assign (KIP-814). */
  async watch(signal: AbortSignal): Promise<void> {
    await Promise.all(this.topics.map(async (topic) => this.#topics.set(topic, await this.#look(topic, signal))))
  }

  /** Whether some topic came, went or has another number of partitions since the assignment. */
  get outdated(): boolean {
    return [...this.#topics].some(([name, was]) => this.#count(name, was?.partitions ?? 0) !== (was?.partitions ?? 0))
  }

  /** How many partitions the topic has now; as many as before while that is not known. */
  #count(name: string, before: number): number {
    const { metadata, host } = this.#host.cluster
    const entry = metadata.peek(name)
    if (entry?.errorCode === 0) {
      this.#missingSinceMs.delete(name)
      return entry.topic?.partitions.length ?? before
    }
    if (entry?.errorCode !== ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || before === 0) return before
    // A broker may miss a topic for a moment; it was deleted when it is missed for long.
    const nowMs = host.clock.now()
    const sinceMs = this.#missingSinceMs.get(name) ?? nowMs
    this.#missingSinceMs.set(name, sinceMs)
    return nowMs - sinceMs >= DELETED_AFTER_MS ? 0 : before
  }

  async #look(name: string, signal: AbortSignal): Promise<GroupTopic | undefined> {
    const { cluster } = this.#host
    try {
      const { partitions } = await cluster.topic(name, { signal })
      const racks = partitions.map(({ replicas }) => {
        return [...new Set(replicas.flatMap((id) => cluster.metadata.broker(id)?.rack ?? []))]
      })
      return { topic: name, partitions: partitions.length, racks }
    } catch (error) {
      if (error instanceof TopicNotFound) return undefined
      throw error
    }
  }

  async #assign(name: string, topics: GroupTopic[]): Promise<GroupAssignment> {
    const { settings } = this.#host
    const choice = settings.assignors.find((one) => one.name === name)
    const own = assignorNamed(name)
    if (choice?.custom !== true && own !== undefined) return own.assign(this.#members, topics)
    const answer = await this.#host.ask({ ask: 'share', assignor: name, members: this.#members, topics })
    if (answer?.error !== undefined) throw assignorFailed(name, fromWire(answer.error))
    if (answer?.assignment === undefined) throw assignorFailed(name, undefined)
    return answer.assignment
  }
}

const NOWHERE = { rackId: undefined, userData: null }

function assignorFailed(name: string, cause: MillraceError | undefined): MillraceError {
  const why = cause === undefined ? 'did not answer within maxPollIntervalMs' : `failed: ${cause.message}`
  return errorOf('MillraceError', 'ASSIGNOR_FAILED', `The assignor '${name}' ${why}.`, { fatal: true, cause })
}
