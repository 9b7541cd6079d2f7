// A consumer's membership as main sees it: what it is subscribed to, and the questions of the I/O thread. [main thread]
import { Closed, fromWire, type MillraceError, toWire, UnsupportedVersion } from '../base/errors.ts'
import type { GroupEvent, GroupIdentity, GroupSubscription } from '../control/grouping.ts'
import type { Engine } from '../engine/engine.ts'
import type { GroupHandle } from '../engine/groups.ts'
import type { Assignor } from '../group/assignor.ts'
import type { ProgressWord } from '../ring/progress.ts'
import type { TopicPartition } from './consumer-partition.ts'
import { assignorsOf, groupSettings } from './group-settings.ts'
import { brokerPattern, TopicMatcher } from './group-topics.ts'
import type { ResolvedConsumerOptions } from './options.ts'

/** What a membership works with. */
export interface GroupMemberPlan {
  options: ResolvedConsumerOptions
  engine(): Promise<Engine>
  progress: ProgressWord
  timeoutMs: number
  /** How often topics are matched with an expression that the broker cannot read. */
  metadataMaxAgeMs: number
  /** The rebalance goes on when these are done. None of them rejects. */
  assigned(partitions: TopicPartition[]): Promise<void>
  revoked(partitions: TopicPartition[]): Promise<void>
  lost(partitions: TopicPartition[], reason: string): Promise<void>
  /** It is a member no more, for good. */
  failed(error: MillraceError): void
}

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
  #over = false

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

  /** Joins, if that is not under way. */
  join(): Promise<void> {
    this.#opening ??= this.#open().catch((error) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  /** Other topics from now on. */
  async subscribe(wanted: readonly string[] | RegExp): Promise<void> {
    this.#wanted = wanted
    if (this.#opening === undefined) return
    await this.#opening
    await this.#tell()
  }

  /** Has the group rebalance. */
  rejoin(reason: string): void {
    this.#handle?.post({ do: 'rejoin', reason })
  }

  /** Leaves; nothing is asked of main any more. Rejects with what the coordinator said. */
  async leave(permanently: boolean, timeoutMs: number): Promise<void> {
    this.#over = true
    this.#matcher?.stop()
    this.identity = undefined
    await this.#opening?.catch(() => undefined)
    const handle = this.#handle
    if (handle === undefined) return
    try {
      await handle.leave(permanently, timeoutMs)
    } finally {
      handle.close()
    }
  }

  async #open(): Promise<void> {
    const engine = await this.#plan.engine()
    if (this.#over) throw new Closed('CLOSED', 'The consumer left its group.')
    const settings = groupSettings(this.#plan.options, this.#plan.progress.buffer)
    this.#handle = engine.groups.open(settings, (event) => this.#event(event))
    await this.#tell()
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
    this.#matcher = new TopicMatcher(engine, pattern, { everyMs, timeoutMs }, (subscription) => {
      this.#topics = subscription.topics
      this.#subscribe(subscription)
    })
    await this.#matcher.start()
  }

  #subscribe(subscription: GroupSubscription): void {
    if (!this.#over) this.#handle?.post({ do: 'subscribe', subscription })
  }

  #event(event: GroupEvent): void {
    if (this.#over) return
    if ('tell' in event) {
      if (event.tell === 'identity') this.identity = event.identity
      else this.#failed(fromWire(event.error))
      return
    }
    const done = (answer: object = {}) => this.#handle?.post({ do: 'done', id: event.id, ...answer })
    const asked = this.#asked(event)
    asked.then(done, (error) => done({ error: toWire(error) }))
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
    const wanted = this.#wanted
    const old = error instanceof UnsupportedVersion && wanted instanceof RegExp && this.#matcher === undefined
    if (old && error.cause !== undefined && this.#retryWithNames(wanted)) return
    this.identity = undefined
    this.#matcher?.stop()
    this.#handle?.close()
    this.#plan.failed(error)
  }

  /** A broker that has KIP-848 but not its expressions: the topics are matched here. */
  #retryWithNames(pattern: RegExp): boolean {
    const handle = this.#handle
    this.#handle = undefined
    handle?.close()
    void this.#plan
      .engine()
      .then((engine) => {
        const settings = groupSettings(this.#plan.options, this.#plan.progress.buffer)
        this.#handle = engine.groups.open(settings, (event) => this.#event(event))
        return this.#match(pattern)
      })
      .catch((error) => this.#plan.failed(error))
    return true
  }
}
