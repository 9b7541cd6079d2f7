// A consumer's membership as main sees it: what it is subscribed to, and the questions of the I/O thread. [main thread]
import { fromWire, type MillraceError, toWire } from '../base/errors.ts'
import type { GroupEvent, GroupIdentity, GroupNews, GroupSubscription } from '../control/grouping.ts'
import type { Engine } from '../engine/engine.ts'
import type { GroupHandle } from '../engine/groups.ts'
import type { Assignor } from '../group/assignor.ts'
import type { ProgressWord } from '../ring/progress.ts'
import type { TopicPartition } from './consumer-partition.ts'
import { assignorsOf, groupSettings } from './group-settings.ts'
import { brokerPattern, TopicMatcher, topicsUnmatched } from './group-topics.ts'
import type { ResolvedConsumerOptions } from './options.ts'

/** What a membership works with. */
export interface GroupMemberPlan {
  options: ResolvedConsumerOptions
  engine(): Promise<Engine>
  progress: ProgressWord
  timeoutMs: number
  /** How often topics are matched with an expression that the broker cannot read. */
  metadataMaxAgeMs: number
  /** Resolves when the group's coordinator answers; rejects when none does in time. */
  reach(ending: AbortSignal): Promise<void>
  /** The rebalance goes on when these are done. None of them rejects. */
  assigned(partitions: TopicPartition[]): Promise<void>
  revoked(partitions: TopicPartition[]): Promise<void>
  lost(partitions: TopicPartition[], reason: string): Promise<void>
  /** It is a member no more, for good. */
  failed(error: MillraceError): void
}

/** A member that failed leaves in this time, or its session has to end. */
const LEAVE_MS = 1_000

/** From the first record that is asked for until it leaves. */
export class GroupMember {
  /** Under whose name commits are made; undefined while it is no member. */
  identity: GroupIdentity | undefined
  readonly #plan: GroupMemberPlan
  readonly #assignors: readonly Assignor[]
  #wanted: readonly string[] | RegExp
  #topics: readonly string[] = []
  #opening: Promise<void> | undefined
  #handle: GroupHandle | undefined
  #matcher: TopicMatcher | undefined
  readonly #ending = new AbortController()
  #leaving: Promise<void> | undefined

  constructor(plan: GroupMemberPlan, wanted: readonly string[] | RegExp) {
    // What cannot be is said at once, not at the first record.
    groupSettings(plan.options, plan.progress.buffer)
    this.#plan = plan
    this.#assignors = assignorsOf(plan.options)
    this.#wanted = wanted
  }

  /** The topics; of an expression those that it matched here. */
  get topics(): string[] {
    return this.#wanted instanceof RegExp ? [...this.#topics] : [...this.#wanted]
  }

  /** Whether it is subscribed to the topic; an expression says so only where it is matched. */
  wants(topic: string): boolean {
    return this.#wanted instanceof RegExp || this.#wanted.includes(topic)
  }

  /** Joins, if that is not under way; resolves without having joined when it is left meanwhile. */
  join(): Promise<void> {
    this.#opening ??= this.#open().catch((error) => {
      this.#opening = undefined
      // Whoever asks next looks for topics; nobody joins unasked.
      this.#matcher?.stop()
      throw error
    })
    return this.#opening
  }

  /** Other topics from now on. */
  async subscribe(wanted: readonly string[] | RegExp): Promise<void> {
    this.#wanted = wanted
    this.#matcher?.stop()
    if (this.#opening === undefined) return
    await this.#opening
    await this.#tell()
  }

  /** Has the group rebalance. */
  rejoin(reason: string): void {
    this.#handle?.post({ do: 'rejoin', reason })
  }

  /** Leaves; nothing is asked of main any more. Rejects with what the coordinator said. */
  leave(permanently: boolean, timeoutMs: number): Promise<void> {
    this.#leaving ??= this.#end((handle) => handle.leave(permanently, timeoutMs))
    return this.#leaving
  }

  get #over(): boolean {
    return this.#ending.signal.aborted
  }

  async #end(leave: (handle: GroupHandle) => Promise<void>): Promise<void> {
    this.#ending.abort()
    this.#matcher?.stop()
    this.identity = undefined
    await this.#opening?.catch(() => undefined)
    const handle = this.#handle
    if (handle === undefined) return
    try {
      await leave(handle)
    } finally {
      handle.close()
    }
  }

  async #open(): Promise<void> {
    const engine = await this.#plan.engine()
    // Only here: once it has joined, a coordinator may be away, or make it wait, for as long as it likes.
    if (this.#handle === undefined) await this.#reach()
    if (this.#over) return
    const settings = groupSettings(this.#plan.options, this.#plan.progress.buffer)
    // Not the first time, where topics could not be matched before.
    this.#handle ??= engine.groups.open(settings, (event) => this.#event(event))
    await this.#tell()
  }

  async #reach(): Promise<void> {
    const { signal } = this.#ending
    try {
      if (!this.#over) await this.#plan.reach(signal)
    } catch (error) {
      if (!this.#over) throw error
    }
  }

  async #tell(): Promise<void> {
    const wanted = this.#wanted
    this.#matcher?.stop()
    this.#matcher = undefined
    if (!(wanted instanceof RegExp)) return this.#subscribe({ topics: wanted })
    const pattern = this.#plan.options.groupProtocol === 'consumer' ? brokerPattern(wanted) : undefined
    if (pattern !== undefined) return this.#subscribe({ topics: [], pattern })
    await this.#match(wanted)
  }

  async #match(pattern: RegExp): Promise<void> {
    const { metadataMaxAgeMs: everyMs, timeoutMs } = this.#plan
    const engine = await this.#plan.engine()
    // Another subscription, or the end, came meanwhile.
    if (this.#over || this.#wanted !== pattern) return
    this.#matcher?.stop()
    this.#matcher = new TopicMatcher(engine, pattern, { everyMs, timeoutMs }, (subscription) => {
      this.#topics = subscription.topics
      this.#subscribe(subscription)
    })
    await this.#matcher.start()
  }

  /** The broker waits for topics by name: nothing else is going to tell it. */
  #rematch(pattern: RegExp): void {
    this.#match(pattern).catch((error) => {
      if (!this.#over && this.#wanted === pattern) this.#failed(topicsUnmatched(pattern, error))
    })
  }

  #subscribe(subscription: GroupSubscription): void {
    if (!this.#over) this.#handle?.post({ do: 'subscribe', subscription })
  }

  #event(event: GroupEvent): void {
    if (this.#over) return
    if ('tell' in event) return this.#told(event)
    const done = (answer: object = {}) => this.#handle?.post({ do: 'done', id: event.id, ...answer })
    const asked = this.#asked(event)
    asked.then(done, (error) => done({ error: toWire(error) }))
  }

  #told(news: GroupNews): void {
    if (news.tell === 'identity') this.identity = news.identity
    else if (news.tell === 'failed') this.#failed(fromWire(news.error))
    // A broker that has KIP-848 but not its expressions: the topics are matched here.
    else if (this.#wanted instanceof RegExp) this.#rematch(this.#wanted)
  }

  async #asked(event: Extract<GroupEvent, { id: number }>): Promise<object | undefined> {
    switch (event.ask) {
      case 'assign':
        await this.#plan.assigned(event.partitions)
        return undefined
      case 'revoke':
        await this.#plan.revoked(event.partitions)
        return undefined
      case 'lost':
        await this.#plan.lost(event.partitions, event.reason)
        return undefined
      case 'share':
        return { assignment: this.#assignor(event.assignor).assign(event.members, event.topics) }
      case 'userData':
        return { userData: this.#assignor(event.assignor).userData?.(event.owned, event.generation) ?? null }
    }
  }

  #assignor(name: string): Assignor {
    return this.#assignors.find((one) => one.name === name)!
  }

  #failed(error: MillraceError): void {
    // The others get its partitions at once; what a static member has waits for its successor (KIP-345).
    const dynamic = this.#plan.options.groupInstanceId === undefined
    const leave = async (handle: GroupHandle) => (dynamic ? handle.leave(false, LEAVE_MS) : undefined)
    this.#leaving = this.#end(leave).catch(() => undefined)
    this.#plan.failed(error)
  }
}
