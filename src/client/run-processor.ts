// Runs a processor on the partitions of a consumer, in workers, and reconciles what they have done. [main thread]
import { type MillraceError, ThreadDied } from '../base/errors.ts'
import type { ReaderSettings } from '../control/commands.ts'
import type { ProcessorStart } from '../control/processing.ts'
import { type ErrorPolicy, nextStep } from '../delivery/attempts.ts'
import type { Lease } from '../delivery/lease.ts'
import type { Engine, PartitionOwner, ReaderHandle } from '../engine/engine.ts'
import type { OffsetTracker } from '../engine/offsets.ts'
import { type PoolOwner, ProcessorPool, type ProcessorSpec } from '../engine/processor-pool.ts'
import { faultError } from '../record/faults.ts'
import { Kind } from '../ring/descriptor.ts'
import type { LedgerEntry } from '../ring/ledger.ts'

/** What a run is made of. */
export interface ProcessorRunPlan {
  engine: Engine
  reader: ReaderSettings
  partitions: readonly { topic: string; partition: number; tracker: OffsetTracker }[]
  /** The module whose default export is the processor. */
  processor: URL
  workers: number
  order: 'partition' | 'none'
  policy: ErrorPolicy
  handlerTimeoutMs: number | undefined
  /** How long running handlers are awaited at the end. */
  graceMs: number
  onCorruptRecord: 'fail' | 'skip'
  /** Of each worker thread. */
  resourceLimits?: ProcessorSpec['resourceLimits']
  /** Fires when the run is to end. */
  signal: AbortSignal
  /** The floor of a partition moved. */
  onProgress?: ((tracker: OffsetTracker) => void) | undefined
  /** A worker died and was replaced. */
  onReplaced?: ((why: string) => void) | undefined
  /** @internal For tests, which end threads from outside. */
  onStarted?: ((pool: ProcessorPool) => void) | undefined
}

/** One partition of the run. */
interface Place extends PartitionOwner {
  topic: string
  partition: number
  tracker: OffsetTracker
  slot: number
  /** Attempts of the batch at `attemptsAt` that ended with the death of their worker. */
  attempts: number
  attemptsAt: number
}

/** A death is answered at once: nothing of its waits is left to chance. */
const NO_JITTER = { next: () => 0.5 } as never

/** Resolves when the signal has fired and what ran is finished; rejects with the first error that ends the run. */
export async function runProcessor(plan: ProcessorRunPlan): Promise<void> {
  plan.signal.throwIfAborted()
  await new ProcessorRun(plan).run()
}

class ProcessorRun implements PoolOwner {
  readonly #plan: ProcessorRunPlan
  readonly #handle: ReaderHandle
  readonly #pool: ProcessorPool
  readonly #places = new Map<number, Place>()
  readonly #ended: Promise<void>
  #end: (error?: MillraceError) => void = () => {}

  constructor(plan: ProcessorRunPlan) {
    const { engine, policy, order, handlerTimeoutMs: timeoutMs, graceMs, resourceLimits } = plan
    const host = engine.poolHost()
    this.#plan = plan
    this.#handle = engine.openReader(plan.reader)
    const spec = { module: plan.processor.href, order, policy, timeoutMs, graceMs, resourceLimits }
    this.#pool = new ProcessorPool(host, spec, plan.workers, this)
    this.#ended = new Promise<void>((resolve, reject) => {
      this.#end = (error) => (error === undefined ? resolve() : reject(error))
    })
    this.#ended.catch(() => {})
  }

  get reader(): number {
    return this.#handle.id
  }

  async run(): Promise<void> {
    const { engine, signal } = this.#plan
    const stop = () => this.#end()
    signal.addEventListener('abort', stop, { once: true })
    try {
      await engine.holding(this.#pool.start())
      this.#plan.onStarted?.(this.#pool)
      for (const one of this.#plan.partitions) this.#open(one)
      const places = [...this.#places.values()]
      this.#pool.begin(places.map(startOf))
      this.#handle.assign(places.map((place) => ({ ...startOf(place), end: undefined })))
      if (signal.aborted) stop()
      await engine.holding(this.#ended)
    } finally {
      signal.removeEventListener('abort', stop)
      this.#handle.unassign([...this.#places.keys()])
      await engine.holding(this.#pool.close())
      await this.#handle.close()
    }
  }

  // --- what the pool tells ----------------------------------------------------------------------------------------

  taken(slot: number, generation: number, first: number, next: number, kind: number, fault: number): void {
    const place = this.#current(slot, generation)
    if (place === undefined) return
    const { tracker, topic, partition } = place
    if (fault !== 0) {
      if (this.#plan.onCorruptRecord === 'skip') this.#rewind(place, next)
      else this.#end(faultError(fault, { topic, partition, offset: first }))
      return
    }
    if (kind === Kind.data) tracker.arrived(Math.max(first, tracker.position), next)
    else tracker.passed(next)
    this.#plan.onProgress?.(tracker)
  }

  processed(slot: number, generation: number, first: number, end: number): void {
    const place = this.#current(slot, generation)
    if (place === undefined) return
    place.tracker.ack({ epoch: place.tracker.epoch, generation }, first, end)
    this.#plan.onProgress?.(place.tracker)
  }

  failed(slot: number, generation: number, _offset: number, error: MillraceError): void {
    if (this.#current(slot, generation) !== undefined) this.#end(error)
  }

  lost(index: number, running: LedgerEntry[], why: string): void {
    this.#plan.onReplaced?.(why)
    for (const place of this.#places.values()) {
      if (place.slot % this.#plan.workers !== index) continue
      const error = afterDeath(place, running, why, this.#plan.policy)
      if (error !== undefined) return this.#end(error)
      this.#rewind(place, place.tracker.floor)
    }
  }

  broken(error: MillraceError): void {
    this.#end(error)
  }

  #current(slot: number, generation: number): Place | undefined {
    const place = this.#places.get(slot)
    return place?.generation === generation ? place : undefined
  }

  #open({ topic, partition, tracker }: ProcessorRunPlan['partitions'][number]): void {
    const place: Place = {
      topic,
      partition,
      tracker,
      generation: this.#plan.engine.nextGeneration(),
      slot: -1,
      attempts: 0,
      attemptsAt: -1,
      // Batches that come to main instead are of before the run had workers, or of after it.
      arrived: (lease: Lease) => lease.release(),
      failed: (error) => this.#end(error),
    }
    place.slot = this.#handle.slot(place)
    tracker.seek(tracker.floor, place.generation, { explicit: false })
    this.#places.set(place.slot, place)
  }

  /** Reads on from there; what was handed out is void. */
  #rewind(place: Place, position: number): void {
    place.generation = this.#plan.engine.nextGeneration()
    place.tracker.seek(position, place.generation, { explicit: false })
    this.#pool.begin([startOf(place)])
    this.#handle.seek(place.slot, place.generation, position)
  }
}

function startOf({ slot, generation, topic, partition, tracker }: Place): ProcessorStart {
  return { slot, generation, topic, partition, position: tracker.floor }
}

/** Counts an attempt for what was running; what has none left ends the run, or is left out. */
function afterDeath(place: Place, running: LedgerEntry[], why: string, policy: ErrorPolicy): MillraceError | undefined {
  const { slot, generation, tracker, topic, partition } = place
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
