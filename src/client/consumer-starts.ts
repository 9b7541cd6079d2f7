// Where a consumer starts in a partition: asked for, committed, known from outside, or one end of the log.
// [main thread]
import { fromWire, type MillraceError, OffsetOutOfRange } from '../base/errors.ts'
import type { OffsetAnswer, OffsetQuery } from '../control/commands.ts'
import type { Engine } from '../engine/engine.ts'
import { timestampOf } from '../protocol/offset-timestamps.ts'
import type { Committer } from './committer.ts'
import { type AssignedPartition, partitionKey, type TopicPartition } from './consumer-partition.ts'
import type { ResolvedConsumerOptions } from './options.ts'
import type { InitialOffset } from './options-group.ts'

/** Where to start in one partition; without a position it is to be given up with the error. */
export interface Start {
  position?: number | undefined
  committed?: number | undefined
  error?: MillraceError | undefined
}

/** Whom it asks. */
export interface StartPlan {
  engine: Engine
  options: ResolvedConsumerOptions
  /** Undefined without a group. */
  committer: Committer | undefined
  timeoutMs: number
}

/**
 * `startAt` and `initialOffsets` count for the first assignment of each partition, in the life of a consumer; one in
 * which nothing was processed is none, as what stands there would be passed over else.
 */
export class ConsumerStarts {
  readonly #options: ResolvedConsumerOptions
  readonly #initial: ReadonlyMap<string, number>
  readonly #replay: ReadonlyMap<string, number>
  readonly #used = new Set<string>()

  constructor(options: ResolvedConsumerOptions) {
    const { startAt, initialOffsets = [] } = options
    this.#options = options
    this.#initial = byPartition(initialOffsets)
    this.#replay = byPartition(startAt === undefined || startAt instanceof Date ? [] : startAt)
  }

  /** The start of each, by its key. Rejects when the brokers do not answer. */
  async find(plan: StartPlan, assigned: readonly AssignedPartition[]): Promise<Map<string, Start>> {
    const starts = new Map<string, Start>()
    const committed = (await plan.committer?.fetch(assigned)) ?? []
    const queries: OffsetQuery[] = []
    for (const [i, one] of assigned.entries()) {
      const key = partitionKey(one)
      const known = committed[i]?.offset
      const fresh = !this.#used.has(key)
      const [replay, initial] = fresh ? [this.#replay.get(key), this.#initial.get(key)] : []
      const position = one.offset ?? replay ?? known ?? initial
      const { startAt } = this.#options
      const again = fresh && startAt instanceof Date && one.offset === undefined
      starts.set(key, { position: again ? undefined : position, committed: known })
      if (again) queries.push({ ...nameOf(one), timestamp: timestampOf(startAt) })
      else if (position === undefined) this.#reset(one, starts.get(key)!, queries)
    }
    await ask(plan, queries, starts)
    return starts
  }

  /** An assignment of the partition is over in which something was processed. */
  used(name: TopicPartition): void {
    this.#used.add(partitionKey(name))
  }

  #reset(name: TopicPartition, start: Start, queries: OffsetQuery[]): void {
    const { autoOffsetReset, groupId } = this.#options
    if (autoOffsetReset === 'none') start.error = nothingCommitted(name, groupId)
    else queries.push({ ...nameOf(name), timestamp: timestampOf(autoOffsetReset) })
  }
}

async function ask(plan: StartPlan, queries: OffsetQuery[], starts: Map<string, Start>): Promise<void> {
  if (queries.length === 0) return
  const { isolationLevel } = plan.options
  const call = { op: 'offsets', queries, isolationLevel, orEnd: true } as const
  const answers: OffsetAnswer[] = await plan.engine.call(call, { timeoutMs: plan.timeoutMs })
  for (const { topic, partition, offset, error } of answers) {
    const start = starts.get(partitionKey({ topic, partition }))!
    start.position = offset
    start.error = error === undefined ? undefined : fromWire(error)
  }
}

const nameOf = ({ topic, partition }: TopicPartition): TopicPartition => ({ topic, partition })

function byPartition(offsets: readonly InitialOffset[]): Map<string, number> {
  return new Map(offsets.map((one) => [partitionKey(one), one.offset]))
}

function nothingCommitted({ topic, partition }: TopicPartition, groupId: string | undefined): MillraceError {
  const what = groupId === undefined ? 'There is no group' : `Group '${groupId}' has committed nothing`
  const how = "autoOffsetReset is 'none': assign it with an offset, or seek"
  const text = `${what} to start ${topic}[${partition}] from, and ${how}.`
  return new OffsetOutOfRange('NO_OFFSET', text, { topic, partition })
}
