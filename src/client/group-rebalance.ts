// What a rebalance does to what a consumer reads: handlers end, commits are made, the listener is told. [main thread]
import type { Clock, Timer } from '../base/clock.ts'
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
  /** A listener threw, or a commit failed: whoever asks for something is told. */
  failed(error: unknown): void
}

/** Of the rebalance timeout this much is left for the answer to reach the coordinator. */
const MARGIN_MS = 5_000
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
  /** Told to nobody any more. */
  #over = false
  #turn: Promise<unknown> = Promise.resolve()

  constructor(plan: RebalancePlan) {
    const { maxPollIntervalMs, groupProtocol } = plan.options
    this.#plan = plan
    this.#limitMs = maxPollIntervalMs - Math.min(MARGIN_MS, maxPollIntervalMs / 10)
    this.#eager = groupProtocol === 'classic' && rebalanceProtocol(assignorsOf(plan.options)) === 'eager'
  }

  /** New partitions: their offsets are found, the listener is told, and they are read. */
  assigned(names: TopicPartition[]): Promise<void> {
    return this.#inTurn(() => this.#assigned(names))
  }

  async #assigned(names: TopicPartition[]): Promise<void> {
    const { assignment, handouts } = this.#plan
    const partitions = await this.#add(names)
    if (partitions === undefined) return
    const { source } = assignment
    for (const partition of partitions) if (this.#paused.has(partition.key)) source?.pause(partition)
    this.#paused.clear()
    await this.#tell('onAssigned', names)
    const live = partitions.filter((partition) => partition.live)
    if (live.length === 0 || this.#over) return
    for (const partition of live) handouts.drop(partition)
    source?.begin(live)
    this.#plan.run()?.reassigned()
  }

  /** Partitions go: what runs is finished, what is processed is committed, and then they are nobody's. */
  revoked(names: TopicPartition[]): Promise<void> {
    return this.#inTurn(() => this.#revoked(names))
  }

  async #revoked(asked: TopicPartition[]): Promise<void> {
    await this.#drain(this.#find(asked))
    // What was lost meanwhile is somebody else's: nothing of it is committed or told.
    const left = new Set(this.#plan.assignment.names.map(partitionKey))
    const names = asked.filter((one) => left.has(partitionKey(one)))
    const partitions = this.#find(names)
    await this.#commit(partitions)
    await this.#tell('onRevoked', names)
    await this.#commit(partitions)
    if (this.#eager) for (const { paused, key } of partitions) if (paused) this.#paused.add(key)
    this.#remove(names, partitions)
  }

  /** Partitions are gone: nothing of them may be committed. */
  async lost(names: TopicPartition[]): Promise<void> {
    this.#paused.clear()
    this.#remove(names, this.#find(names))
    await this.#inTurn(() => this.#tell('onLost', names))
  }

  /** One question is answered after the other: a late revocation must not take what was assigned since. */
  #inTurn(run: () => Promise<void>): Promise<void> {
    const mine = this.#turn.then(run)
    this.#turn = mine.catch(() => undefined)
    return mine
  }

  /** Nothing more is begun. */
  end(): void {
    this.#over = true
  }

  #find(names: TopicPartition[]): ConsumerPartition[] {
    const { source } = this.#plan.assignment
    return names.flatMap((name) => source?.find(name) ?? [])
  }

  /** Their places to start; asked for until they are known, as a member without positions is of no use. */
  async #add(names: TopicPartition[]): Promise<ConsumerPartition[] | undefined> {
    const { assignment } = this.#plan
    const asked = new Set(names.map(partitionKey))
    assignment.name(names)
    while (!this.#over) {
      try {
        return await assignment.add(names)
      } catch (error) {
        if (this.#over || !assignment.names.some((one) => asked.has(partitionKey(one)))) return undefined
        if (!(error instanceof MillraceError) || !(error.retriable || error instanceof RebalanceInProgress)) {
          this.#plan.failed(error)
        }
        await this.#sleep(AGAIN_MS)
      }
    }
    return undefined
  }

  /** What waits is dropped, what runs is awaited, and told to give up when that takes too long. */
  async #drain(partitions: ConsumerPartition[]): Promise<void> {
    const { handouts } = this.#plan
    const run = this.#plan.run()
    const source = this.#plan.assignment.source
    const endMs = this.#plan.clock().now() + (run === undefined ? Math.min(GIVEN_MS, this.#limitMs) : this.#limitMs)
    for (const partition of partitions) {
      source?.halt(partition)
      handouts.drop(partition)
      run?.release(partition)
    }
    const busy = (one: ConsumerPartition) => (run === undefined ? one.owed : run.busy(one))
    while (partitions.some((one) => one.live && busy(one)) && this.#plan.clock().now() < endMs && !this.#over) {
      await this.#sleep(LOOK_MS)
    }
  }

  async #commit(partitions: ConsumerPartition[]): Promise<void> {
    try {
      await this.#plan.commits.processed(partitions)
    } catch (error) {
      this.#plan.failed(error)
    }
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

  async #tell(what: keyof RebalanceListener, names: TopicPartition[]): Promise<void> {
    const listener = this.#plan.listener()
    if (listener?.[what] === undefined || names.length === 0) return
    const partitions = names.map(({ topic, partition }) => ({ topic, partition }))
    let timer: Timer | undefined
    const late = new Promise<void>((resolve) => {
      timer = this.#plan.clock().after(this.#limitMs, resolve)
    })
    try {
      await Promise.race([listener[what](partitions), late])
    } catch (error) {
      this.#plan.failed(error)
    } finally {
      timer?.cancel()
    }
  }

  #sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#plan.clock().after(delayMs, resolve))
  }
}
