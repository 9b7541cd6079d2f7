// The group side of a consumer: what it is subscribed to, its membership, and what user code is told. [main thread]
import { atMost } from '../base/at-most.ts'
import type { MillraceError } from '../base/errors.ts'
import type { GroupIdentity } from '../control/grouping.ts'
import type { Engine } from '../engine/engine.ts'
import { ProgressWord } from '../ring/progress.ts'
import type { ConsumerAssignment } from './consumer-assignment.ts'
import type { ConsumerCommits } from './consumer-commits.ts'
import type { ConsumerHandouts } from './consumer-handouts.ts'
import type { TopicPartition } from './consumer-partition.ts'
import type { ConsumerRun } from './consumer-run.ts'
import { checkListener, type RebalanceListener } from './group-listener.ts'
import { GroupMember } from './group-member.ts'
import { GroupRebalance } from './group-rebalance.ts'
import { checkTopics, type TopicsWanted } from './group-topics.ts'
import type { ResolvedConsumerOptions } from './options.ts'

/** What it works with. */
export interface ConsumerGroupPlan {
  options: ResolvedConsumerOptions
  engine(): Promise<Engine>
  timeoutMs: number
  metadataMaxAgeMs: number
  assignment: ConsumerAssignment
  commits: ConsumerCommits
  handouts: ConsumerHandouts<unknown, unknown>
  run(): ConsumerRun | undefined
  /** A listener threw, or a commit that nobody waits for failed. */
  failed(error: unknown): void
}

/** How a group is left. */
export interface GroupLeave {
  /** Also a static member is not expected back. */
  permanently: boolean
  timeoutMs: number
}

/** One subscription at a time, each with a membership of its own. */
export class ConsumerGroup {
  readonly #plan: ConsumerGroupPlan
  readonly #progress = new ProgressWord()
  #member: GroupMember | undefined
  #rebalance: GroupRebalance | undefined
  #listener: RebalanceListener | undefined
  #engine: Engine | undefined
  /** The way out of the group, and what is to be subscribed to at its end. */
  #unsubscribing: Promise<void> | undefined
  #next: { topics: TopicsWanted; listener: RebalanceListener | undefined } | undefined
  /** It is a member no more: told to whoever asks for something, until it subscribes anew. */
  #failure: MillraceError | undefined

  constructor(plan: ConsumerGroupPlan) {
    this.#plan = plan
    this.#listener = plan.options.rebalanceListener
  }

  /** Partitions come from the group, not from `assign`. */
  get subscribed(): boolean {
    return this.#member !== undefined || this.#next !== undefined
  }

  /** The topics. */
  get topics(): string[] {
    const assigned = this.#plan.assignment.names.map(({ topic }) => topic)
    const topics = this.#member?.topics ?? []
    return topics.length > 0 || this.#member === undefined ? topics : [...new Set(assigned)]
  }

  /** Who commits; undefined while it is no member. */
  get identity(): GroupIdentity | undefined {
    return this.#member?.identity
  }

  /** These topics from now on, and no others. */
  subscribe(topics: TopicsWanted, listener?: RebalanceListener): void {
    const wanted = checkTopics(topics)
    if (listener !== undefined) checkListener('subscribe: the listener', listener)
    if (this.#unsubscribing !== undefined) {
      this.#next = { topics, listener: listener ?? this.#next?.listener }
      return
    }
    const known = this.#failure === undefined ? this.#member : undefined
    const member = known ?? this.#join(wanted)
    if (listener !== undefined) this.#listener = listener
    if (known !== undefined) known.subscribe(wanted).catch((error) => this.#plan.failed(error))
    this.#member = member
    this.#rebalance?.resubscribed()
  }

  /** Joins the group, if there is a subscription. */
  async join(): Promise<void> {
    // That it could not be left is told to whoever unsubscribes.
    if (this.#next !== undefined) await this.#unsubscribing?.catch(() => undefined)
    if (this.#failure !== undefined) throw this.#failure
    if (this.#member === undefined) return
    this.#engine ??= await this.#plan.engine()
    const member = this.#member
    await member?.join()
    // Meanwhile it failed, or something else was subscribed to.
    if (this.#failure !== undefined || this.#next !== undefined || member !== this.#member) await this.join()
  }

  /** Has the group rebalance. */
  rejoin(reason: string): void {
    this.#member?.rejoin(reason)
  }

  /** User code has something to do, and makes progress; or waits for records. */
  progressed(busy: boolean): void {
    if (this.#engine === undefined) return
    if (busy) this.#progress.made(this.#engine.clock.now())
    else this.#progress.idle()
  }

  /** Gives everything up and leaves, for good; what is subscribed to meanwhile is joined after that. */
  unsubscribe(): Promise<void> {
    this.#next = undefined
    this.#unsubscribing ??= this.#unsubscribe().finally(() => {
      const next = this.#next
      this.#unsubscribing = undefined
      this.#next = undefined
      if (next !== undefined) this.subscribe(next.topics, next.listener)
    })
    return this.#unsubscribing
  }

  async #unsubscribe(): Promise<void> {
    const { assignment, timeoutMs } = this.#plan
    // What was assigned by hand ends at once: what is assigned or subscribed to next must not meet it.
    if (this.#member !== undefined) await this.giveUp(timeoutMs)
    assignment.replace([])
    await assignment.settled()
    await this.#leave({ permanently: true, timeoutMs })
  }

  /** Gives everything up: what runs is finished, what is processed is committed, the listener is told. */
  async giveUp(limitMs: number): Promise<void> {
    const { names } = this.#plan.assignment
    // Handlers of a run are awaited; nobody says of records that a loop gave whether it will ask again.
    if (this.#plan.run() === undefined) this.#rebalance?.hurry()
    if (this.#member === undefined || this.#engine === undefined || names.length === 0) return
    const revoked = this.#rebalance?.revoked(names, limitMs)
    if (revoked !== undefined) await atMost(this.#engine.clock, limitMs, revoked)
    this.#rebalance?.end()
  }

  /** Leaves the group; rejects with what the coordinator said about that. */
  leave(how: GroupLeave): Promise<void> {
    this.#next = undefined
    return this.#leave(how)
  }

  async #leave({ permanently, timeoutMs }: GroupLeave): Promise<void> {
    const member = this.#member
    this.#member = undefined
    this.#failure = undefined
    this.#rebalance?.end()
    this.#rebalance = undefined
    this.#progress.idle()
    await member?.leave(permanently, timeoutMs)
  }

  #join(wanted: readonly string[] | RegExp): GroupMember {
    const { options, engine, timeoutMs, metadataMaxAgeMs, assignment, commits, handouts, run, failed } = this.#plan
    const parts = { options, assignment, commits, handouts, run, failed }
    const rebalance = new GroupRebalance({
      ...parts,
      clock: () => this.#engine!.clock,
      listener: () => this.#listener,
      wants: (topic) => this.#member?.wants(topic) ?? false,
      // What a member that failed still does must neither take what this one is given nor be told after it.
      after: this.#rebalance?.replaced(),
    })
    const member = new GroupMember(
      {
        ...{ options, engine, timeoutMs, metadataMaxAgeMs, progress: this.#progress },
        reach: async (signal) => (await commits.group()).reach({ signal }),
        assigned: (partitions: TopicPartition[]) => rebalance.assigned(partitions),
        revoked: (partitions) => rebalance.revoked(partitions),
        lost: (partitions) => rebalance.lost(partitions),
        failed: (error) => this.#failed(member, error),
      },
      wanted,
    )
    this.#rebalance = rebalance
    this.#failure = undefined
    assignment.change()
    return member
  }

  #failed(member: GroupMember, error: MillraceError): void {
    if (member !== this.#member) return
    this.#failure = error
    void this.#rebalance?.lost(this.#plan.assignment.names)
    this.#plan.failed(error)
  }
}
