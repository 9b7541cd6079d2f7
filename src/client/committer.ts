// Commits offsets to the coordinator of a group, and reads them back, without being a member. [main thread]
import { type MillraceError, RebalanceInProgress, UnsupportedVersion } from '../base/errors.ts'
import type { GroupIdentity } from '../control/grouping.ts'
import type { CallLimits } from '../engine/calls.ts'
import type { Engine } from '../engine/engine.ts'
import type { RequestInput, ResponseOf } from '../protocol/apis.ts'
import { brokerError, ErrorCode } from '../protocol/errors.ts'
import type { TopicPartition } from './consumer-partition.ts'
import { partitionKey } from './consumer-partition.ts'
import { retry } from './retry.ts'

/** An offset to be committed: of the first record that is not processed. */
export interface OffsetToCommit extends TopicPartition {
  offset: number
  /** Kept with it, up to 4096 bytes; default none. */
  metadata?: string | undefined
}

/** One commit. */
export interface CommitJob {
  /** What it is about, asked when its turn comes. */
  offsets(): OffsetToCommit[]
  /** Why an offset may not be committed any more. */
  refusal(offset: OffsetToCommit): MillraceError | undefined
  /** The group has this one now. */
  stored(offset: OffsetToCommit): void
}

/** What a group has committed for a partition; both undefined when it has nothing. */
export interface CommittedOffset extends TopicPartition {
  offset: number | undefined
  metadata: string | undefined
}

/** From these versions on topics go by id; names serve as well and need no look-up. */
const COMMIT_BY_NAME_MAX = 9
const FETCH_BY_NAME_MAX = 9
/** Since this version a question is about many groups (KIP-709), and its shape another one. */
const MANY_GROUPS_SINCE = 8
/** Up to this version ApiVersions does not say who asks. */
const ANONYMOUS_MAX = 2

/** What coordinators answer that move, load or are late is tried again so fast. */
const BACKOFF = { backoffMs: 100, factor: 2, maxBackoffMs: 1_000, jitter: 0.1 }

/** What commits are made with. */
export interface CommitterPlan {
  groupId: string
  timeoutMs: number
  /** Who commits: 'none' without membership, undefined while it is to be a member and is not. */
  identity(): GroupIdentity | 'none' | undefined
  /** Told how long each commit took. */
  answered(afterMs: number): void
}

const NOBODY = { generationIdOrMemberEpoch: -1, memberId: '' }

/** One at a time: a commit never overtakes an earlier one. */
export class Committer {
  readonly groupId: string
  readonly #engine: Engine
  readonly #timeoutMs: number
  readonly #answered: (afterMs: number) => void
  readonly #identity: () => GroupIdentity | 'none' | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(engine: Engine, { groupId, timeoutMs, answered, identity }: CommitterPlan) {
    this.#engine = engine
    this.groupId = groupId
    this.#timeoutMs = timeoutMs
    this.#answered = answered
    this.#identity = identity
  }

  /**
   * Commits. Rejects with the first error that is not worth another attempt, or with the last one when the time is
   * over; offsets that were stored stay so.
   */
  commit({ offsets, refusal, stored }: CommitJob, limits: Partial<CallLimits> = {}): Promise<void> {
    const run = async () => {
      let left = offsets()
      if (left.length === 0) return
      await this.#persist(async () => {
        // Asked before each attempt: one that waits may outlive the membership, and meet the next.
        for (const one of left) {
          const error = refusal(one)
          if (error !== undefined) throw error
        }
        const { clock } = this.#engine
        const askedMs = clock.now()
        const errors = await this.#commitOnce(left, limits)
        this.#answered(clock.now() - askedMs)
        for (const one of left) if (!errors.has(partitionKey(one))) stored(one)
        left = left.filter((one) => errors.has(partitionKey(one)))
        for (const error of errors.values()) throw error
      }, limits)
    }
    const mine = this.#turn.then(run)
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  /** What the group has for these partitions. */
  fetch(partitions: readonly TopicPartition[], limits: Partial<CallLimits> = {}): Promise<CommittedOffset[]> {
    if (partitions.length === 0) return Promise.resolve([])
    return this.#persist(() => this.#fetchOnce(partitions, limits), limits)
  }

  /** Resolves when the group's coordinator answers; what it is asked, everybody may ask. */
  async reach(limits: Partial<CallLimits>): Promise<void> {
    await this.#persist(() => this.#ask('ApiVersions', {}, { maxVersion: ANONYMOUS_MAX }, limits), limits)
  }

  /** Tries again what may pass, within the time given. */
  #persist<T>(attempt: () => Promise<T>, { timeoutMs = this.#timeoutMs, signal }: Partial<CallLimits>): Promise<T> {
    const { clock } = this.#engine
    const deadline = clock.now() + timeoutMs
    const retriable = (error: unknown) => {
      const { retriable: again, kafkaCode } = error as MillraceError
      // The member's epoch rises now and then (KIP-848); the next attempt is made with the new one.
      return (again === true || kafkaCode === ErrorCode.STALE_MEMBER_EPOCH) && clock.now() < deadline
    }
    return this.#engine.holding(retry(attempt, { ...BACKOFF, retries: Infinity, retriable, clock, signal }))
  }

  async #commitOnce(offsets: OffsetToCommit[], limits: Partial<CallLimits>): Promise<Map<string, MillraceError>> {
    const identity = this.#identity()
    if (identity === undefined) throw notMember(this.groupId)
    const body: RequestInput<'OffsetCommit'> = {
      groupId: this.groupId,
      ...(identity === 'none' ? NOBODY : committerOf(identity)),
      topics: byTopic(offsets).map(([name, partitions]) => ({
        name,
        partitions: partitions.map(({ partition, offset, metadata }) => ({
          partitionIndex: partition,
          committedOffset: offset,
          committedMetadata: metadata ?? '',
        })),
      })),
    }
    const answer = await this.#ask('OffsetCommit', body, { maxVersion: COMMIT_BY_NAME_MAX }, limits)
    const errors = new Map<string, MillraceError>()
    for (const { name: topic, partitions } of (answer as ResponseOf<'OffsetCommit'>).topics) {
      for (const { partitionIndex: partition, errorCode } of partitions) {
        if (errorCode === 0) continue
        const what = `Commit of ${topic}[${partition}] for group '${this.groupId}'`
        // It was just read: a topic that is gone is not waited for, as Java does it.
        const deleted = errorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION ? { retriable: false } : {}
        const details = { what, topic, partition, ...deleted }
        errors.set(partitionKey({ topic, partition }), brokerError(errorCode, details))
      }
    }
    return errors
  }

  async #fetchOnce(wanted: readonly TopicPartition[], limits: Partial<CallLimits>): Promise<CommittedOffset[]> {
    const topics = byTopic(wanted).map(([name, partitions]) => {
      return { name, partitionIndexes: partitions.map(({ partition }) => partition) }
    })
    const answer = await this.#askForOffsets(topics, limits)
    const { groupId } = this
    const group = answer.groups[0] ?? answer
    const what = `Committed offsets of group '${groupId}'`
    if (group.errorCode !== 0) throw brokerError(group.errorCode, { what })
    const found = new Map<string, CommittedOffset>()
    for (const { name: topic, partitions } of group.topics) {
      for (const { partitionIndex: partition, errorCode, committedOffset, metadata } of partitions) {
        if (errorCode !== 0) throw brokerError(errorCode, { what, topic, partition })
        const known = committedOffset >= 0
        const offset = known ? committedOffset : undefined
        found.set(partitionKey({ topic, partition }), {
          topic,
          partition,
          offset,
          metadata: known ? (metadata ?? '') : undefined,
        })
      }
    }
    return wanted.map(({ topic, partition }) => {
      const nothing = { topic, partition, offset: undefined, metadata: undefined }
      return found.get(partitionKey({ topic, partition })) ?? nothing
    })
  }

  async #askForOffsets(
    topics: { name: string; partitionIndexes: number[] }[],
    limits: Partial<CallLimits>,
  ): Promise<ResponseOf<'OffsetFetch'>> {
    const { groupId } = this
    try {
      // An offset that an open transaction may still change is not one to start from (KIP-447).
      const identity = this.#identity()
      const member = typeof identity === 'object' ? { memberId: identity.memberId, memberEpoch: identity.epoch } : {}
      const body = { groups: [{ groupId, topics, ...member }], requireStable: true }
      const range = { minVersion: MANY_GROUPS_SINCE, maxVersion: FETCH_BY_NAME_MAX }
      return (await this.#ask('OffsetFetch', body, range, limits)) as ResponseOf<'OffsetFetch'>
    } catch (error) {
      if (!(error instanceof UnsupportedVersion)) throw error
      const body = { groupId, topics }
      const range = { maxVersion: MANY_GROUPS_SINCE - 1 }
      return (await this.#ask('OffsetFetch', body, range, limits)) as ResponseOf<'OffsetFetch'>
    }
  }

  #ask<A extends 'OffsetCommit' | 'OffsetFetch' | 'ApiVersions'>(
    api: A,
    body: RequestInput<A>,
    range: { minVersion?: number; maxVersion: number },
    { timeoutMs = this.#timeoutMs, signal }: Partial<CallLimits>,
  ): Promise<unknown> {
    const target = { coordinator: 'group', key: this.groupId } as const
    return this.#engine.call({ op: 'request', target, api, body, ...range }, { timeoutMs, signal })
  }
}

function committerOf({ epoch, memberId, groupInstanceId }: GroupIdentity) {
  return { generationIdOrMemberEpoch: epoch, memberId, ...(groupInstanceId === undefined ? {} : { groupInstanceId }) }
}

/** The error of a commit for a group that the consumer is no member of. */
export function notMember(groupId: string): RebalanceInProgress {
  const text = `Nothing can be committed: the consumer is no member of group '${groupId}' at present.`
  return new RebalanceInProgress('NOT_A_MEMBER', `${text} What it had may be with others.`)
}

/** The error of a commit for a partition that the group took away. */
export function takenAway({ topic, partition }: TopicPartition): RebalanceInProgress {
  const text = `Nothing was committed for ${topic}[${partition}]: it is not assigned to this consumer any more.`
  return new RebalanceInProgress('NOT_ASSIGNED', `${text} Whoever has it reads on from the last commit.`, {
    topic,
    partition,
  })
}

function byTopic<T extends TopicPartition>(partitions: readonly T[]): [topic: string, T[]][] {
  const topics = new Map<string, T[]>()
  for (const one of partitions) {
    const others = topics.get(one.topic)
    if (others === undefined) topics.set(one.topic, [one])
    else others.push(one)
  }
  return [...topics]
}
