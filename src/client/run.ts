// `consumer.run` on main: hands batches or records to a handler, in order where asked for, many at once. [main thread]
import { Fifo } from '../base/fifo.ts'
import { onAbort } from '../base/on-abort.ts'
import { systemRandom } from '../base/random.ts'
import { errorPolicy } from '../delivery/attempts.ts'
import type { Batch } from '../delivery/batch.ts'
import { deadLetterOf } from '../delivery/dead-letter.ts'
import { splitByKey } from '../delivery/key-split.ts'
import { Lanes, type Started } from '../delivery/lanes.ts'
import { type AttemptPlan, runBatch, runRecord } from '../delivery/run-attempts.ts'
import type { Engine } from '../engine/engine.ts'
import type { ConsumerPartition } from './consumer-partition.ts'
import type { ConsumerRun } from './consumer-run.ts'
import type { SourceBatch } from './consumer-source.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { ResolvedRunOptions } from './options.ts'

/** What a run works on. */
export interface RunHost {
  engine: Engine
  letters: DeadLetters
  /** The next batch; answers 'idle' when `ending` has fired and there is none. */
  pull(ending: AbortSignal): Promise<SourceBatch | 'idle' | 'end'>
  /** A handler has begun or ended; whether some are under way. */
  progressed(busy: boolean): void
}

/** A batch that is being worked on, released when nothing of it is left to do. */
interface Held {
  partition: ConsumerPartition
  batch: Batch<unknown, unknown>
  /** The first row that no lane has yet. */
  next: number
  /** Jobs in lanes. */
  open: number
}

/** A row of a batch, or all of it. */
interface Job {
  held: Held
  row: number
}

/** Handlers that wait for nothing have the thread for so long at a time. */
const REST_AFTER_MS = 10

/** One run. Batches wait here, bounded by the reader's credit in the engine: nothing more is fetched while they do. */
export class Run implements ConsumerRun {
  readonly #options: ResolvedRunOptions
  readonly #host: RunHost
  readonly #plan: AttemptPlan
  readonly #lanes: Lanes<Job>
  /** Into how many lanes the keys of a batch fall. */
  readonly #keyLanes: number
  readonly #waiting = new Map<ConsumerPartition, Fifo<Held>>()
  readonly #ending = new AbortController()
  readonly #handlers = new AbortController()
  /** How many handlers run on each partition. */
  readonly #running = new Map<ConsumerPartition, number>()
  readonly #plans = new WeakMap<ConsumerPartition, AttemptPlan>()
  readonly #released = new WeakSet<ConsumerPartition>()
  /** When the event loop last had a turn. */
  #restedAtMs = 0
  #failure: { error: unknown } | undefined
  #settled: (() => void) | undefined
  #done: Promise<void> | undefined

  constructor(options: ResolvedRunOptions, host: RunHost) {
    const { concurrency = 1, order, maxInFlightRecords } = options
    this.#options = options
    this.#host = host
    this.#keyLanes = concurrency
    // Batches go to the lanes one by one, so that a pause finds them here.
    const maxInFlightBatches = order === 'partition' ? 1 : concurrency
    const maxInFlight = options.eachRecord !== undefined ? maxInFlightRecords : maxInFlightBatches
    this.#lanes = new Lanes({ order, concurrency, maxInFlight })
    this.#plan = {
      clock: host.engine.clock,
      random: systemRandom,
      handlerName: 'The handler',
      worker: undefined,
      policy: errorPolicy(options.onError),
      timeoutMs: options.handlerTimeoutMs,
      handlers: this.#handlers.signal,
      ending: this.#ending.signal,
      deadLetter: (to, ...failed) => host.letters.send(to, deadLetterOf(...failed)),
    }
  }

  /** Runs until it is ended; rejects with the error that ended it. */
  start(): Promise<void> {
    this.#done = this.#start()
    return this.#done
  }

  /** Starts nothing more; resolves when what runs has ended, or after `graceMs`, when handlers are told to give up. */
  async stop(graceMs: number): Promise<void> {
    this.#ending.abort()
    const timer = this.#plan.clock.after(graceMs, () => {
      this.#handlers.abort()
      this.#settled?.()
    })
    await this.#done?.catch(() => undefined)
    timer.cancel()
  }

  /** Forgets what waits of a partition; what runs of it goes on, and its acks are refused. */
  drop(partition: ConsumerPartition): void {
    for (const { held } of this.#lanes.drop(partition.key)) this.#close(held)
    for (const { batch } of this.#waiting.get(partition) ?? []) batch.release()
    this.#waiting.delete(partition)
  }

  release(partition: ConsumerPartition): void {
    this.#released.add(partition)
    for (const { held } of this.#lanes.drop(partition.key)) this.#close(held)
    for (const held of this.#waiting.get(partition) ?? []) {
      held.next = held.batch.count
      if (held.open === 0) held.batch.release()
    }
    this.#waiting.delete(partition)
  }

  busy(partition: ConsumerPartition): boolean {
    return this.#running.has(partition)
  }

  /** What waits of it stays here: nothing more of it goes to the lanes. */
  pause(): void {}

  /** A partition may go on. */
  resume(partition: ConsumerPartition): void {
    this.#feed(partition)
    this.#pump()
  }

  /** The next pull is of the new partitions. */
  reassigned(): void {}

  async #start(): Promise<void> {
    const { signal } = this.#options
    if (signal?.aborted) return
    const unlisten = signal === undefined ? () => {} : onAbort(signal, () => this.#ending.abort())
    try {
      // Not for `pull` alone: brokers that do not answer must not hold up the end.
      const ended = new Promise<void>((resolve) => onAbort(this.#ending.signal, resolve))
      await Promise.race([this.#pullAll(), ended])
    } catch (error) {
      this.fail(error)
    }
    unlisten()
    this.#ending.abort()
    for (const { held } of this.#lanes.drop()) this.#close(held)
    if (this.#lanes.running > 0 && !this.#handlers.signal.aborted) {
      await new Promise<void>((resolve) => {
        this.#settled = resolve
      })
    }
    for (const queue of this.#waiting.values()) for (const { batch } of queue) batch.release()
    this.#waiting.clear()
    if (this.#failure !== undefined) throw this.#failure.error
  }

  async #pullAll(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const pulled = await this.#host.pull(this.#ending.signal)
      if (pulled === 'end') return
      if (pulled === 'idle') continue
      const { partition, batch } = pulled
      if (this.#ending.signal.aborted) return batch.release()
      if (this.#released.has(partition) || partition.isVoid(batch.nextOffset)) {
        batch.release()
        continue
      }
      const queue = this.#waiting.get(partition) ?? new Fifo<Held>()
      queue.push({ partition, batch, next: 0, open: 0 })
      this.#waiting.set(partition, queue)
      this.#feed(partition)
      this.#pump()
    }
  }

  /** Hands the lanes as much of a partition as they may have. */
  #feed(partition: ConsumerPartition): void {
    const queue = this.#waiting.get(partition)
    if (queue === undefined || this.#ending.signal.aborted) return
    while (queue.length > 0 && !partition.paused && !partition.tracker.full && this.#lanes.hasRoom(partition.key)) {
      if (this.#options.eachRecord !== undefined) this.#addRecord(queue)
      else this.#addBatch(queue.shift()!)
    }
    if (queue.length === 0) this.#waiting.delete(partition)
  }

  #addRecord(queue: Fifo<Held>): void {
    const held = queue.first!
    const { partition, batch, next: row } = held
    held.next++
    held.open++
    if (held.next === batch.count) queue.shift()
    partition.given = held.next < batch.count ? batch.offsetAt(held.next) : batch.nextOffset
    const add = (key: Buffer | null) => this.#lanes.add(partition.key, { held, row }, key)
    if (this.#options.order === 'key') batch.withKey(row, add)
    else add(null)
  }

  #addBatch({ partition, batch: whole }: Held): void {
    partition.given = whole.nextOffset
    const byKey = this.#options.order === 'key'
    for (const { lane, batch } of byKey ? splitByKey(whole, this.#keyLanes) : [{ lane: null, batch: whole }]) {
      this.#lanes.add(partition.key, { held: { partition, batch, next: batch.count, open: 1 }, row: 0 }, lane)
    }
  }

  #pump(): void {
    while (!this.#ending.signal.aborted) {
      const started = this.#lanes.next()
      if (started === undefined) return
      void this.#work(started)
    }
  }

  async #work(started: Started<Job>): Promise<void> {
    const { held, row } = started.item
    const { partition, batch } = held
    const { eachBatch, eachRecord } = this.#options
    const plan = this.#planOf(partition)
    this.#count(partition, 1)
    try {
      if (eachRecord !== undefined) await runRecord(plan, partition.standing(), batch, row, eachRecord as never)
      else await runBatch(plan, partition.standing(), batch, eachBatch as never)
    } catch (error) {
      this.fail(error)
    }
    const { clock } = this.#plan
    if (clock.now() - this.#restedAtMs >= REST_AFTER_MS) await this.#rest()
    this.#lanes.done(started)
    this.#count(partition, -1)
    this.#close(held)
    if (this.#ending.signal.aborted) {
      if (this.#lanes.running === 0) this.#settled?.()
      return
    }
    this.#feed(partition)
    this.#pump()
  }

  #count(partition: ConsumerPartition, change: number): void {
    const count = (this.#running.get(partition) ?? 0) + change
    if (count === 0) this.#running.delete(partition)
    else this.#running.set(partition, count)
    this.#host.progressed(this.#lanes.running > 0)
  }

  /** Handlers of a partition are told to give up when the run ends, and when the partition is gone. */
  #planOf(partition: ConsumerPartition): AttemptPlan {
    let plan = this.#plans.get(partition)
    if (plan === undefined) {
      plan = { ...this.#plan, handlers: AbortSignal.any([this.#handlers.signal, partition.gone.signal]) }
      this.#plans.set(partition, plan)
    }
    return plan
  }

  /** Timers, signals and sockets are heard now and then, also when handlers never wait. */
  async #rest(): Promise<void> {
    await this.#host.engine.turn()
    this.#restedAtMs = this.#plan.clock.now()
  }

  /** A job of a batch is over; the last one gives its memory back. */
  #close(held: Held): void {
    held.open--
    if (held.open === 0 && held.next === held.batch.count) held.batch.release()
  }

  fail(error: unknown): void {
    this.#failure ??= { error }
    this.#ending.abort()
  }
}
