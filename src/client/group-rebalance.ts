// What a rebalance does to what a consumer reads: handlers end, commits are made, the listener is told. [main thread]
import { atMost } from '../base/at-most.ts'
import type { Clock } from '../base/clock.ts'
import { MillraceError, RebalanceInProgress } from '../base/errors.ts'
import { rebalanceProtocol } from '../group/assignors.ts'
import type { ConsumerAssignment } from './consumer-assignment.ts'
import type { ConsumerCommits } from './consumer-commits.ts'
import type { ConsumerHandouts } from './consumer-handouts.ts'
import { type ConsumerPartition, partitionKey, type TopicPartition } from './consumer-partition.ts'
import type { ConsumerRun } from './consumer-run.ts'
import type { RebalanceListener } from './group-listener.ts'
import { assignorsOf } from './group-settings.ts'
import type { ResolvedConsumerOptions } from './options.ts'
import { Turns } from './turns.ts'

/** Whom a rebalance concerns. */
export interface RebalancePlan {
  options: ResolvedConsumerOptions
  assignment: ConsumerAssignment
  commits: ConsumerCommits
  handouts: ConsumerHandouts<unknown, unknown>
  clock(): Clock
  /** Under way now. */
  run(): ConsumerRun | undefined
  listener(): RebalanceListener | undefined
  /** Whether it is subscribed to now. */
  wants(topic: string): boolean
  /** A listener threw, or a commit failed: whoever asks for something is told. */
  failed(error: unknown): void
  /** The end of the membership before. */
  after: Promise<unknown> | undefined
}

/** Of the rebalance timeout this much is left for the answer to reach the coordinator. */
const MARGIN_MS = 5_000
/** Of the time that is left handlers may take so much, and then the commit. */
const DRAIN_SHARE = 0.9
const COMMIT_SHARE = 0.5
/** Records that a loop or `poll` gave are awaited so long; nobody says whether user code will ask again. */
const GIVEN_MS = 3_000
const LOOK_MS = 10
/** Where to start could not be found out: asked again after this. */
const AGAIN_MS = 500

/** Answers to the questions of a membership. */
export class GroupRebalance {
  readonly #plan: RebalancePlan
  /** Handlers, listener and commits together take no longer. */
  readonly #limitMs: number
  readonly #eager: boolean
  /** Paused when they were given up in an eager rebalance: they may be back in a moment. */
  readonly #paused = new Set<string>()
  /** The consumer gives everything up. */
  #hurried = false
  /** Nothing is this membership's any more. */
  #over = false
  /** Nobody is told any more. */
  #silent = false
  /** One question is answered after the other: a late revocation must not take what was assigned since. */
  readonly #turns: Turns

  constructor(plan: RebalancePlan) {
    const { maxPollIntervalMs, groupProtocol } = plan.options
    this.#plan = plan
    this.#turns = new Turns(async () => plan.clock())
    if (plan.after !== undefined) void this.#turns.take(() => plan.after!).catch(() => undefined)
    this.#limitMs = maxPollIntervalMs - Math.min(MARGIN_MS, maxPollIntervalMs / 10)
    this.#eager = groupProtocol === 'classic' && rebalanceProtocol(assignorsOf(plan.options)) === 'eager'
  }

  /** New partitions: their offsets are found, the listener is told, and they are read. */
  assigned(names: TopicPartition[]): Promise<void> {
    return this.#turns.take(() => this.#assigned(names))
  }

  async #assigned(names: TopicPartition[]): Promise<void> {
    const { assignment, handouts } = this.#plan
    const partitions = await this.#add(names)
    if (partitions === undefined) return
    const { source } = assignment
    for (const partition of partitions) if (this.#paused.has(partition.key)) source?.pause(partition)
    this.#paused.clear()
    // Some may have been lost while it was found out where they start.
    await this.#tell('onAssigned', this.#left(names))
    const live = partitions.filter((partition) => partition.live)
    if (live.length === 0 || this.#hurried) return
    for (const partition of live) handouts.drop(partition)
    source?.begin(live)
    this.resubscribed()
    this.#plan.run()?.reassigned()
  }

  /** Nothing more is given of what is not subscribed to any more. A run goes on until the group takes it. */
  resubscribed(): void {
    const all = this.#plan.run() !== undefined
    this.#plan.assignment.source?.want((topic) => all || this.#plan.wants(topic))
  }

  /** Partitions go: what runs is finished, what is processed is committed, and then they are nobody's. */
  revoked(names: TopicPartition[], limitMs = this.#limitMs): Promise<void> {
    const endMs = this.#plan.clock().now() + Math.min(limitMs, this.#limitMs)
    return this.#turns.take(() => this.#revoked(names, endMs))
  }

  async #revoked(asked: TopicPartition[], endMs: number): Promise<void> {
    // What is lost meanwhile is somebody else's: nothing of it is committed or told.
    const left = () => this.#left(asked)
    // Neither a handler nor a coordinator that takes all the time must keep the listener from being told.
    await this.#drain(this.#find(left()), this.#before(endMs, DRAIN_SHARE))
    await this.#commit(this.#find(left()), this.#before(endMs, COMMIT_SHARE))
    await this.#tell('onRevoked', left(), endMs)
    const partitions = this.#find(left())
    await this.#commit(partitions, endMs)
    if (this.#eager) for (const { paused, key } of partitions) if (paused) this.#paused.add(key)
    this.#remove(left(), this.#find(left()))
  }

  /** Partitions are gone: nothing of them may be committed. */
  async lost(names: TopicPartition[]): Promise<void> {
    this.#paused.clear()
    this.#remove(names, this.#find(names))
    await this.#turns.take(() => this.#tell('onLost', names))
  }

  /** Nothing more is begun, and records that were given are not waited for. */
  hurry(): void {
    this.#hurried = true
  }

  /** The membership is over: nothing more is committed or told. */
  end(): void {
    this.#silent = true
    void this.replaced()
  }

  /** Another membership takes its place: what it lost is all that is still told. Resolves when that is done. */
  replaced(): Promise<unknown> {
    this.#hurried = true
    this.#over = true
    for (const { gone } of this.#plan.assignment.source?.partitions ?? []) gone.abort()
    return this.#turns.take(async () => undefined)
  }

  #left(names: TopicPartition[]): TopicPartition[] {
    const left = new Set(this.#over ? [] : this.#plan.assignment.names.map(partitionKey))
    return names.filter((one) => left.has(partitionKey(one)))
  }

  /** When so much of what is left until then is over. */
  #before(endMs: number, share: number): number {
    const nowMs = this.#plan.clock().now()
    return nowMs + (endMs - nowMs) * share
  }

  #find(names: TopicPartition[]): ConsumerPartition[] {
    const { source } = this.#plan.assignment
    return names.flatMap((name) => source?.find(name) ?? [])
  }

  /** Their places to start; asked for until they are known, as a member without positions is of no use. */
  async #add(names: TopicPartition[]): Promise<ConsumerPartition[] | undefined> {
    const { assignment } = this.#plan
    if (this.#hurried) return undefined
    const asked = new Set(names.map(partitionKey))
    assignment.name(names)
    while (!this.#hurried) {
      try {
        return await assignment.add(names)
      } catch (error) {
        if (this.#hurried || !assignment.names.some((one) => asked.has(partitionKey(one)))) return undefined
        if (!(error instanceof MillraceError) || !(error.retriable || error instanceof RebalanceInProgress)) {
          this.#plan.failed(error)
        }
        await this.#sleep(AGAIN_MS)
      }
    }
    return undefined
  }

  /** What waits is dropped, what runs is awaited, and told to give up when that takes too long. */
  async #drain(partitions: ConsumerPartition[], endMs: number): Promise<void> {
    const { handouts } = this.#plan
    const run = this.#plan.run()
    const source = this.#plan.assignment.source
    const clock = this.#plan.clock()
    const untilMs = run === undefined ? Math.min(clock.now() + GIVEN_MS, endMs) : endMs
    for (const partition of partitions) {
      source?.halt(partition)
      handouts.drop(partition)
      run?.release(partition)
    }
    const busy = (one: ConsumerPartition) => (run === undefined ? one.owed : run.busy(one))
    while (partitions.some((one) => one.live && busy(one)) && clock.now() < untilMs && !this.#hurried) {
      await this.#sleep(LOOK_MS)
    }
  }

  async #commit(partitions: ConsumerPartition[], endMs: number): Promise<void> {
    // Later the group goes on without this member: the next generation must not commit for this one.
    if (partitions.length === 0 || this.#plan.clock().now() >= endMs) return
    await this.#until(endMs, this.#plan.commits.processed(partitions))
  }

  #remove(names: TopicPartition[], partitions: ConsumerPartition[]): void {
    const { assignment, handouts } = this.#plan
    for (const partition of partitions) {
      partition.live = false
      partition.gone.abort()
    }
    for (const partition of partitions) {
      handouts.drop(partition)
      this.#plan.run()?.drop(partition)
    }
    assignment.remove(names)
  }

  async #tell(what: keyof RebalanceListener, names: TopicPartition[], endMs?: number): Promise<void> {
    const listener = this.#plan.listener()
    if (listener?.[what] === undefined || names.length === 0 || this.#silent) return
    const partitions = names.map(({ topic, partition }) => ({ topic, partition }))
    const call = async () => {
      try {
        await listener[what]!(partitions)
      } catch (error) {
        // It seeks, pauses or commits in what was lost meanwhile: that is told by itself.
        const late = (error as MillraceError).code === 'NOT_ASSIGNED' && this.#left(names).length < names.length
        if (!late) throw error
      }
    }
    await this.#until(endMs ?? this.#plan.clock().now() + this.#limitMs, call())
  }

  /** Waits for what user code or a coordinator does, but no longer; what fails is told. */
  async #until(endMs: number, work: Promise<unknown>): Promise<void> {
    const clock = this.#plan.clock()
    try {
      await atMost(clock, Math.max(0, endMs - clock.now()), work)
    } catch (error) {
      this.#plan.failed(error)
    }
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#plan.clock().after(delayMs, resolve))
  }
}
