// `consumer.run` with a processor: its partitions are read for worker threads, which run user code on them.
// [main thread]
import { type MillraceError, ThreadDied } from '../base/errors.ts'
import { onAbort } from '../base/on-abort.ts'
import type { ProcessorStart } from '../control/processing.ts'
import { type ErrorPolicy, errorPolicy, nextStep } from '../delivery/attempts.ts'
import type { Lease } from '../delivery/lease.ts'
import type { Engine, PartitionOwner, ReaderHandle } from '../engine/engine.ts'
import { type PoolOwner, ProcessorPool } from '../engine/processor-pool.ts'
import { faultError } from '../record/faults.ts'
import { Kind } from '../ring/descriptor.ts'
import type { LedgerEntry } from '../ring/ledger.ts'
import type { ConsumerPartition } from './consumer-partition.ts'
import type { ConsumerRun } from './consumer-run.ts'
import type { ConsumerSource } from './consumer-source.ts'
import type { ResolvedRunOptions } from './options.ts'

/** What a run with a processor works on. */
export interface ProcessorRunHost {
  engine: Engine
  onCorruptRecord: 'fail' | 'skip'
  /** The source, open. */
  open(): Promise<ConsumerSource>
  /** Of one partition, which cannot be read on: true when somebody heard of it, and the others go on. */
  tell(error: MillraceError): boolean
  /** A worker died and was replaced. */
  replaced(worker: number, why: string): void
}

/** One partition of the run. */
interface Place extends PartitionOwner {
  partition: ConsumerPartition
  slot: number
  /** Attempts of the batch at `attemptsAt` that ended with the death of their worker. */
  attempts: number
  attemptsAt: number
}

/** How long handlers are awaited at the end of a run whose handlers may take as long as they like. */
const GRACE_MS = 30_000

/** A death is answered at once: nothing of its waits is left to chance. */
const NO_JITTER = { next: () => 0.5 } as never

/** One run. Main keeps the offsets, and reads nothing of the partitions itself. */
export class ProcessorRun implements ConsumerRun, PoolOwner {
  readonly #options: ResolvedRunOptions
  readonly #host: ProcessorRunHost
  readonly #policy: ErrorPolicy
  readonly #places = new Map<number, Place>()
  readonly #ended: Promise<void>
  #end: (error?: unknown) => void = () => {}
  #handle: ReaderHandle | undefined
  #pool: ProcessorPool | undefined
  #done: Promise<void> | undefined
  /** The workers are there. */
  #ready = false

  constructor(options: ResolvedRunOptions, host: ProcessorRunHost) {
    this.#options = options
    this.#host = host
    this.#policy = errorPolicy(options.onError)
    this.#ended = new Promise<void>((resolve, reject) => {
      this.#end = (error) => (error === undefined ? resolve() : reject(error))
    })
    this.#ended.catch(() => {})
  }

  get reader(): number {
    return this.#handle!.id
  }

  start(): Promise<void> {
    this.#done = this.#start()
    return this.#done
  }

  async stop(graceMs: number): Promise<void> {
    this.#end()
    const timer = this.#host.engine.clock.after(graceMs, () => this.#pool?.hurry())
    await this.#done?.catch(() => undefined)
    timer.cancel()
  }

  drop(partition: ConsumerPartition): void {
    const place = this.#placeOf(partition)
    if (place === undefined) {
      // One that had failed, and was sought.
      if (this.#ready && partition.live) this.#open(partition)
    } else if (partition.live) this.#begin(place)
    else this.#close(place)
  }

  pause(partition: ConsumerPartition): void {
    const place = this.#placeOf(partition)
    if (place !== undefined) this.#handle?.unassign([place.slot])
  }

  resume(partition: ConsumerPartition): void {
    const place = this.#placeOf(partition)
    if (place !== undefined) this.#rewind(place, place.partition.tracker.floor)
  }

  reassigned(): void {
    if (this.#ready) this.#openAll().catch((error) => this.#end(error))
  }

  async #start(): Promise<void> {
    const { signal } = this.#options
    if (signal?.aborted) return
    const { engine } = this.#host
    const unlisten = signal === undefined ? () => {} : onAbort(signal, () => this.#end())
    try {
      // Brokers that do not answer must not hold up the end.
      await Promise.race([this.#begun(), this.#ended])
      await engine.holding(this.#ended)
    } finally {
      unlisten()
      this.#ready = false
      this.#handle?.unassign([...this.#places.keys()])
      if (this.#pool !== undefined) await engine.holding(this.#pool.close())
      this.#places.clear()
      await this.#handle?.close()
    }
  }

  async #begun(): Promise<void> {
    const { processor, workers, order, handlerTimeoutMs: timeoutMs, resourceLimits } = this.#options
    const { engine } = this.#host
    const { readerSettings } = await this.#host.open()
    const graceMs = timeoutMs === undefined ? GRACE_MS : 2 * timeoutMs
    const laneOrder = order as 'partition' | 'none'
    const spec = { module: processor!.href, order: laneOrder, policy: this.#policy, timeoutMs, graceMs, resourceLimits }
    const host = engine.poolHost()
    this.#handle = engine.openReader(readerSettings)
    this.#pool = new ProcessorPool(host, spec, workers, this)
    await engine.holding(this.#pool.start())
    this.#ready = true
    await this.#openAll()
  }

  /** Takes over what the consumer reads now. */
  async #openAll(): Promise<void> {
    const source = await this.#host.open()
    await source.lend()
    for (const { partition, error } of source.takeStartless()) this.#failed(partition, error)
    for (const partition of source.partitions) {
      if (partition.progress.state === 'active' && this.#placeOf(partition) === undefined) this.#open(partition)
    }
  }

  // --- what the pool tells ----------------------------------------------------------------------------------------

  taken(slot: number, generation: number, first: number, next: number, kind: number, fault: number): void {
    const place = this.#current(slot, generation)
    if (place === undefined) return
    const { tracker, topic, partition } = place.partition
    if (fault !== 0) {
      if (this.#host.onCorruptRecord === 'skip') this.#rewind(place, next)
      else this.#failed(place.partition, faultError(fault, { topic, partition, offset: first }))
      return
    }
    if (kind === Kind.data) tracker.arrived(Math.max(first, tracker.position), next)
    else tracker.passed(next)
    place.partition.handedOut(tracker.position)
  }

  processed(slot: number, generation: number, first: number, end: number): void {
    const place = this.#current(slot, generation)
    if (place === undefined) return
    const { tracker } = place.partition
    tracker.ack({ epoch: tracker.epoch, generation }, first, end)
  }

  failed(slot: number, generation: number, _offset: number, error: MillraceError): void {
    if (this.#current(slot, generation) !== undefined) this.#end(error)
  }

  lost(index: number, running: LedgerEntry[], why: string): void {
    this.#host.replaced(index, why)
    for (const place of this.#places.values()) {
      if (place.slot % this.#options.workers !== index) continue
      const error = afterDeath(place, running, why, this.#policy)
      if (error !== undefined) return this.#end(error)
      this.#rewind(place, place.partition.tracker.floor)
    }
  }

  broken(error: MillraceError): void {
    this.#end(error)
  }

  #placeOf(partition: ConsumerPartition): Place | undefined {
    return [...this.#places.values()].find((place) => place.partition === partition)
  }

  #current(slot: number, generation: number): Place | undefined {
    const place = this.#places.get(slot)
    return place?.generation === generation ? place : undefined
  }

  /** It cannot be read on. */
  #failed(partition: ConsumerPartition, error: MillraceError): void {
    partition.progress.state = 'failed'
    const place = this.#placeOf(partition)
    if (place !== undefined) this.#close(place)
    if (!this.#host.tell(error)) this.#end(error)
  }

  #open(partition: ConsumerPartition): void {
    const place: Place = {
      partition,
      generation: -1,
      slot: -1,
      attempts: 0,
      attemptsAt: -1,
      // Batches that come to main instead are of before the run had workers, or of after it.
      arrived: (lease: Lease) => lease.release(),
      failed: (error) => this.#failed(partition, error),
    }
    place.slot = this.#handle!.slot(place)
    partition.progress.askEnds = () => this.#handle?.logEnds(place.slot)
    this.#places.set(place.slot, place)
    this.#begin(place)
  }

  #close(place: Place): void {
    this.#handle!.unassign([place.slot])
    this.#places.delete(place.slot)
  }

  /** Reads from where the partition stands: nothing of an older generation is of use. */
  #begin(place: Place): void {
    const { topic, partition, tracker, paused } = place.partition
    const { slot } = place
    place.generation = tracker.generation
    this.#pool!.begin([startOf(place)])
    this.#handle!.unassign([slot])
    if (paused) return
    this.#handle!.assign([
      { slot, generation: tracker.generation, topic, partition, position: tracker.position, end: undefined },
    ])
  }

  /** Reads on from there; what was handed out is void. */
  #rewind(place: Place, position: number): void {
    place.partition.moveTo(position, this.#host.engine.nextGeneration(), false)
    this.#begin(place)
  }
}

function startOf({ slot, partition }: Place): ProcessorStart {
  const { topic, partition: number, tracker } = partition
  return { slot, generation: tracker.generation, topic, partition: number, position: tracker.floor }
}

/** Counts an attempt for what was running; what has none left ends the run, or is left out. */
function afterDeath(place: Place, running: LedgerEntry[], why: string, policy: ErrorPolicy): MillraceError | undefined {
  const { slot, generation } = place
  const { tracker, topic, partition } = place.partition
  const was = running.find((entry) => entry.slot === slot && entry.generation === generation)
  if (was === undefined) return undefined
  if (place.attemptsAt !== was.baseOffset) place.attempts = 0
  place.attemptsAt = was.baseOffset
  place.attempts++
  const text = `The worker that processed ${topic}[${partition}] from offset ${was.baseOffset} on ended: ${why}.`
  const details = { topic, partition, offset: was.baseOffset, retriable: true }
  const error = new ThreadDied('PROCESSOR_DIED', text, details)
  const next = nextStep(policy, place.attempts, error, NO_JITTER)
  if (next.do === 'retry') return undefined
  if (next.do !== 'skip') return error
  tracker.ack({ epoch: tracker.epoch, generation }, was.baseOffset, was.nextOffset)
  return undefined
}
