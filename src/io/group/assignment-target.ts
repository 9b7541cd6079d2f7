// What the broker wants a member to have, by topic id, and the names behind the ids (KIP-848, KIP-516). [I/O thread]
import type { MillraceError } from '../../base/errors.ts'
import type { GroupPartition } from '../../control/grouping.ts'
import { groupKey } from '../../group/assignor.ts'
import { byTopic } from '../../group/subscription.ts'
import type { MembershipHost } from './membership.ts'

interface TargetTopic {
  readonly topicId: string
  readonly partitions: readonly number[]
}

/** Kept as the broker said it until every id has a name. */
export class AssignmentTarget {
  /** Ids had no name when they were last asked for: the next heartbeat tries again. */
  stuck = false
  readonly #host: MembershipHost
  #raw: readonly TargetTopic[] = []
  /** Outlives what metadata forgets: an id that was assigned must be named when it is given back. */
  readonly #names = new Map<string, string>()
  readonly #ids = new Map<string, string>()

  constructor(host: MembershipHost) {
    this.#host = host
  }

  set(raw: readonly TargetTopic[]): void {
    this.#raw = raw
    this.stuck = false
  }

  /** Whether it is anything but this; true while an id has no name. */
  differs(owned: readonly GroupPartition[]): boolean {
    const known = this.#known()
    if (known.unknown.length > 0) return true
    const now = new Set(known.partitions.map(groupKey))
    return now.size !== owned.length || owned.some((one) => !now.has(groupKey(one)))
  }

  /** Names every id, asking brokers for those it does not know. What has no name after that waits for the next time. */
  async resolve(signal: AbortSignal): Promise<GroupPartition[]> {
    const { unknown } = this.#known()
    if (unknown.length > 0) await this.#ask(unknown, signal)
    const now = this.#known()
    this.stuck = now.unknown.length > 0
    return now.partitions
  }

  /** Partitions as a heartbeat names them. */
  idsOf(owned: readonly GroupPartition[]): { topicId: string; partitions: number[] }[] {
    return byTopic(owned).map(({ topic, partitions }) => ({ topicId: this.#ids.get(topic)!, partitions }))
  }

  #known(): { partitions: GroupPartition[]; unknown: string[] } {
    const { metadata } = this.#host.cluster
    const partitions: GroupPartition[] = []
    const unknown: string[] = []
    for (const { topicId, partitions: numbers } of this.#raw) {
      const topic = this.#names.get(topicId) ?? metadata.nameOf(topicId)
      if (topic === undefined) {
        unknown.push(topicId)
        continue
      }
      this.#remember(topicId, topic)
      for (const partition of numbers) partitions.push({ topic, partition })
    }
    return { partitions, unknown }
  }

  async #ask(ids: string[], signal: AbortSignal): Promise<void> {
    const body = { topics: ids.map((topicId) => ({ topicId, name: null })), allowAutoTopicCreation: false }
    try {
      // Since version 12 a topic may be asked for by its id alone.
      const { requester } = this.#host
      const answer = await requester.request('any', 'Metadata', body, { minVersion: 12, signal })
      for (const { topicId, name, errorCode } of answer.body.topics) {
        if (errorCode === 0 && name !== null) this.#remember(topicId, name)
      }
    } catch (error) {
      if ((error as MillraceError).retriable !== true) throw error
    }
  }

  #remember(topicId: string, topic: string): void {
    this.#names.set(topicId, topic)
    this.#ids.set(topic, topicId)
  }
}
