// When and what a consumer commits: floors, on demand, from time to time, and at the end. [main thread]
import { atMost } from '../base/at-most.ts'
import { type MillraceError, RebalanceInProgress, Timeout, TopicNotFound } from '../base/errors.ts'
import type { GroupIdentity } from '../control/grouping.ts'
import type { TransactionGroup } from '../control/producing.ts'
import type { Engine } from '../engine/engine.ts'
import { type CommittedOffset, Committer, notMember, type OffsetToCommit, takenAway } from './committer.ts'
import { consumerClosed, noGroup } from './consumer-checks.ts'
import { type ConsumerPartition, partitionKey, type TopicPartition } from './consumer-partition.ts'
import { OpenCalls } from './open-calls.ts'

/** What decides about commits. */
export interface CommitPlan {
  engine(): Promise<Engine>
  groupId: string | undefined
  autoCommit: boolean
  autoCommitIntervalMs: number
  timeoutMs: number
  /** Who commits: 'none' without membership, undefined while it is to be a member and is not. */
  identity(): GroupIdentity | 'none' | undefined
  /** The coordinator answered a commit. */
  answered(afterMs: number): void
  /** The coordinator has these. */
  committed(offsets: readonly OffsetToCommit[]): void
  /** A commit that nobody waits for failed. */
  failed(error: unknown): void
}

/** Commits of one consumer, one at a time. */
export class ConsumerCommits {
  /** Undefined before the first use, and without a group. */
  committer: Committer | undefined
  readonly #plan: CommitPlan
  #engine: Engine | undefined
  #timer: { cancel(): void } | undefined
  readonly #calls = new OpenCalls()
  /** The consumer was closed. */
  #over = false

  constructor(plan: CommitPlan) {
    this.#plan = plan
  }

  /** Whether anything is committed without being asked for. */
  get auto(): boolean {
    return this.#plan.autoCommit && this.#plan.groupId !== undefined
  }

  /** The committer, or undefined when there is no group. */
  async open(): Promise<Committer | undefined> {
    const { groupId, timeoutMs, answered, identity } = this.#plan
    if (groupId !== undefined && !this.#over) {
      // Kept: at the end of the client the last commit is made while no engine is given out any more.
      this.#engine ??= await this.#plan.engine()
      this.committer ??= new Committer(this.#engine, { groupId, timeoutMs, answered, identity })
    }
    // Asked here, as every source is opened with it: none must be opened behind the end of the consumer.
    if (this.#over) throw consumerClosed()
    return this.committer
  }

  /** The committer; throws when there is no group. */
  async group(): Promise<Committer> {
    const committer = await this.open()
    if (committer === undefined) throw noGroup()
    return committer
  }

  /** What the group has for these partitions. */
  fetch(partitions: readonly TopicPartition[], signal?: AbortSignal): Promise<CommittedOffset[]> {
    return this.#calls.run(signal, async (ending) => (await this.group()).fetch(partitions, { signal: ending }))
  }

  /** For whom a transaction commits offsets (KIP-447). */
  transactionGroup(): TransactionGroup {
    const { groupId, identity } = this.#plan
    if (groupId === undefined) throw noGroup()
    const who = identity()
    if (who === undefined) throw notMember(groupId)
    if (who === 'none') return { groupId, generationId: -1, memberId: '', groupInstanceId: null }
    const { epoch: generationId, memberId, groupInstanceId = null } = who
    return { groupId, generationId, memberId, groupInstanceId }
  }

  /** Commits the floors that are news. */
  async floors(partitions: readonly ConsumerPartition[], signal?: AbortSignal): Promise<void> {
    const news = () =>
      partitions.flatMap((one) => {
        if (one.inTransaction || one.gone.signal.aborted) return []
        one.settle()
        const offset = one.tracker.committable()
        return offset === undefined ? [] : [{ topic: one.topic, partition: one.partition, offset }]
      })
    await this.#commit(this.committer, news, partitions, signal)
  }

  /** Commits the floor of one partition; rejects when it is not ours any more, or there is no group. */
  async floorOf(partition: ConsumerPartition): Promise<void> {
    await this.group()
    if (!partition.live) throw takenAway(partition)
    await this.floors([partition])
  }

  /** Commits these offsets: everything before each is processed. */
  async exactly(
    partitions: readonly ConsumerPartition[],
    offsets: readonly OffsetToCommit[],
    signal?: AbortSignal,
  ): Promise<void> {
    const wanted = offsets.map((offset) => ({ ...offset }))
    const lives = new Map(partitions.map(({ key, tracker: { epoch, generation } }) => [key, { epoch, generation }]))
    // Not before: what is refused is not processed. And not what was read since a seek.
    const processed = ({ tracker, key }: ConsumerPartition, { offset }: OffsetToCommit) => {
      tracker.ack(lives.get(key)!, tracker.floor, offset)
    }
    await this.#commit(await this.group(), () => wanted, partitions, signal, processed)
  }

  async #commit(
    committer: Committer | undefined,
    offsets: () => OffsetToCommit[],
    partitions: readonly ConsumerPartition[],
    signal: AbortSignal | undefined,
    processed: (partition: ConsumerPartition, offset: OffsetToCommit) => void = () => {},
  ): Promise<void> {
    const byKey = new Map(partitions.map((partition) => [partition.key, partition]))
    const committed: OffsetToCommit[] = []
    const refusal = (one: OffsetToCommit) => {
      return byKey.get(partitionKey(one))!.gone.signal.aborted ? takenAway(one) : undefined
    }
    const stored = (one: OffsetToCommit) => {
      const partition = byKey.get(partitionKey(one))!
      processed(partition, one)
      partition.tracker.wasCommitted(one.offset)
      committed.push(one)
    }
    const job = { offsets, refusal, stored }
    try {
      // Those before it in the line may take longer than whoever waits for this one.
      await this.#calls.run(signal, async (ending) => committer?.commit(job, { signal: ending }))
    } finally {
      this.#plan.committed(committed)
    }
  }

  /** Commits every `autoCommitIntervalMs` from now on. What fails is part of the next commit. */
  start(partitions: () => readonly ConsumerPartition[]): void {
    const clock = this.#engine?.clock
    if (!this.auto || clock === undefined) return
    const next = () => {
      const timer = clock.after(this.#plan.autoCommitIntervalMs, () => {
        const again = () => {
          if (this.#timer === timer) next()
        }
        this.processed(partitions()).catch(this.#plan.failed).then(again)
      })
      this.#timer = timer
    }
    next()
  }

  /** Nothing is committed from here on; a commit that hangs must not come after those of others. */
  close(): void {
    this.#over = true
    this.#calls.end(consumerClosed())
  }

  /** No more commits from time to time. */
  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  /**
   * Commits what is processed, with `autoCommit`. A member that the group goes on without commits nothing, and nothing
   * is lost: it is part of the next commit, or read again by whoever has it then.
   */
  async processed(partitions: readonly ConsumerPartition[]): Promise<void> {
    if (!this.auto) return
    try {
      await this.floors(partitions)
    } catch (error) {
      if (error instanceof TopicNotFound || (error as MillraceError).code === 'NOT_ASSIGNED') return
      if (!(error instanceof RebalanceInProgress) || this.#plan.identity() === 'none') throw error
    }
  }

  /** The last one: rejects when it takes longer than `limitMs`, whatever else is under way. */
  async last(partitions: readonly ConsumerPartition[], limitMs: number): Promise<void> {
    const clock = this.#engine?.clock
    if (!this.auto || clock === undefined) return
    if (await atMost(clock, limitMs, this.processed(partitions))) return
    const text = `The last commit for group '${this.#plan.groupId}' had no answer within ${Math.round(limitMs)} ms.`
    throw new Timeout('LAST_COMMIT_TIMED_OUT', text)
  }
}
