// What a consumer reads: the partitions it has now, and the source that is open on them. [main thread]
import type { Clock } from '../base/clock.ts'
import { onAbort } from '../base/on-abort.ts'
import type { CallLimits } from '../engine/calls.ts'
import { checkAssignment, notAssigned, nothingAssigned, startUnknown } from './consumer-checks.ts'
import {
  type AssignedPartition,
  type ConsumerPartition,
  partitionKey,
  type TopicPartition,
} from './consumer-partition.ts'
import type { ConsumerSource } from './consumer-source.ts'

/** Whom an assignment asks and tells. */
export interface AssignmentPlan {
  /** Opens a source; `epoch` is part of every ack of it. */
  open(assigned: readonly AssignedPartition[], epoch: number, changing: boolean): Promise<ConsumerSource>
  opened(source: ConsumerSource): void
  /** It is not read any more, and to be closed. Resolves when nothing of it is under way. */
  left(source: ConsumerSource): Promise<void>
}

/** One source at a time, opened when something is first asked of it. Each has an epoch of its own. */
export class ConsumerAssignment {
  /** Open now. */
  source: ConsumerSource | undefined
  readonly #plan: AssignmentPlan
  #assigned: readonly AssignedPartition[] = []
  /** Partitions come and go as a group decides. */
  #changing = false
  #epoch = 0
  #opening: Promise<ConsumerSource> | undefined
  readonly #leaving = new Set<Promise<void>>()
  /** Told when partitions came or went. */
  readonly #waiting = new Set<() => void>()

  constructor(plan: AssignmentPlan) {
    this.#plan = plan
  }

  /** The partitions by name. */
  get names(): TopicPartition[] {
    return this.#assigned.map(({ topic, partition }) => ({ topic, partition }))
  }

  /** Throws when a partition is not one of these. */
  require(name: TopicPartition): void {
    const key = partitionKey(name)
    if (!this.#assigned.some((one) => partitionKey(one) === key)) throw notAssigned(name)
  }

  /** These from now on, and no others. */
  replace(partitions: readonly AssignedPartition[]): void {
    checkAssignment(partitions)
    this.leave()
    this.#changing = false
    this.#assigned = partitions.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
  }

  /** What a group gives from now on, at first nothing. */
  change(): void {
    this.leave()
    this.#assigned = []
    this.#changing = true
  }

  /** What the group gave; to be read when `add` has found out from where. */
  name(names: readonly TopicPartition[]): void {
    this.remove(names)
    this.#assigned = [...this.#assigned, ...names]
  }

  /** Finds where to start in partitions that were named. */
  async add(names: readonly TopicPartition[]): Promise<ConsumerPartition[]> {
    const source = await this.open()
    const partitions = await source.add(names)
    const keys = new Set(this.#assigned.map(partitionKey))
    const gone = partitions.filter(({ key }) => source !== this.source || !keys.has(key))
    source.remove(gone)
    this.#changed()
    return partitions.filter((partition) => !gone.includes(partition))
  }

  /** What the group took. */
  remove(names: readonly TopicPartition[]): void {
    const keys = new Set(names.map(partitionKey))
    this.#assigned = this.#assigned.filter((one) => !keys.has(partitionKey(one)))
    const { source } = this
    source?.remove(names.flatMap((name) => source.find(name) ?? []))
    this.#changed()
  }

  /**
   * Calls back for each of these, all in one go, when it is known where all of them start: a partition is named as soon
   * as the group gave it. Rejects when one is not assigned any more.
   */
  async each<T extends TopicPartition>(
    names: readonly T[],
    { timeoutMs, signal }: CallLimits,
    call: (partition: ConsumerPartition, name: T, source: ConsumerSource) => void,
  ): Promise<void> {
    let untilMs: number | undefined
    for (;;) {
      const source = await this.open()
      if (source !== this.source) continue
      signal?.throwIfAborted()
      for (const name of names) this.require(name)
      const partitions = names.map((name) => source.find(name))
      const missing = partitions.indexOf(undefined)
      if (missing === -1) {
        for (const [i, partition] of partitions.entries()) call(partition!, names[i]!, source)
        return
      }
      const { clock } = source.engine
      untilMs ??= clock.now() + timeoutMs
      if (clock.now() >= untilMs) throw startUnknown(names[missing]!, timeoutMs)
      await this.#change(clock, untilMs, signal)
    }
  }

  /** The source. A later call tries again what failed. */
  open(): Promise<ConsumerSource> {
    if (this.#assigned.length === 0 && !this.#changing) return Promise.reject(nothingAssigned())
    this.#opening ??= this.#open()
    return this.#opening
  }

  /** Ends reading; the next `open` begins anew. */
  leave(): void {
    this.#epoch++
    const { source } = this
    this.source = undefined
    this.#opening = undefined
    this.#changed()
    if (source === undefined) return
    const leaving = this.#plan.left(source)
    this.#leaving.add(leaving)
    void leaving.finally(() => this.#leaving.delete(leaving))
  }

  /** Resolves when nothing that was left is under way any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#leaving)
  }

  #changed(): void {
    for (const told of this.#waiting) told()
  }

  /** Resolves when partitions came or went, the signal fired, or the time is over. */
  #change(clock: Clock, untilMs: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const told = () => {
        this.#waiting.delete(told)
        timer.cancel()
        stop?.()
        resolve()
      }
      const timer = clock.after(Math.max(0, untilMs - clock.now()), told)
      const stop = signal && onAbort(signal, told)
      this.#waiting.add(told)
    })
  }

  async #open(): Promise<ConsumerSource> {
    const epoch = ++this.#epoch
    try {
      const source = await this.#plan.open(this.#changing ? [] : this.#assigned, epoch, this.#changing)
      if (epoch !== this.#epoch) {
        await source.close()
        return this.open()
      }
      this.source = source
      this.#plan.opened(source)
      return source
    } catch (error) {
      if (epoch === this.#epoch) this.#opening = undefined
      throw error
    }
  }
}
