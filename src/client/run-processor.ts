// `consumer.run` with a processor: its partitions are read for worker threads, which run user code on them.
// [main thread]
import { type MillraceError, ThreadDied, toWire } from '../base/errors.ts'
import { onAbort } from '../base/on-abort.ts'
import type { ProcessorAsk, ProcessorStart } from '../control/processing.ts'
import { type ErrorPolicy, errorPolicy, nextStep } from '../delivery/attempts.ts'
import type { Lease } from '../delivery/lease.ts'
import type { DecodePolicy } from '../delivery/record-decoder.ts'
import type { Engine, PartitionOwner, ReaderHandle } from '../engine/engine.ts'
import { type PoolOwner, ProcessorPool } from '../engine/processor-pool.ts'
import { faultError } from '../record/faults.ts'
import type { BatchMeasure } from '../ring/batch-measure.ts'
import { Kind } from '../ring/descriptor.ts'
import type { RunningNote } from '../ring/ledger.ts'
import { staleBatch } from './consumer-checks.ts'
import type { ConsumerPartition } from './consumer-partition.ts'
import type { ConsumerRun } from './consumer-run.ts'
import type { ConsumerSource } from './consumer-source.ts'
import type { DeadLetters } from './dead-letters.ts'
import type { ResolvedRunOptions } from './options.ts'

/** What a run with a processor works on. */
export interface ProcessorRunHost {
  engine: Engine
  onCorruptRecord: 'fail' | 'skip'
  /** The source, open. */
  open(): Promise<ConsumerSource>
  /** Deserializers of a topic by name; throws when a worker does not know one. */
  serdeNames(topic: string): { key: string | undefined; value: string | undefined }
  onDeserializationError: DecodePolicy
  timeoutMs: number
  letters: DeadLetters
  commit(partition: ConsumerPartition): Promise<void>
  /** A worker took or processed something; whether something is still to be processed. */
  progressed(busy: boolean): void
  /** Of one partition, which cannot be read on: true when somebody heard of it, and the others go on. */
  tell(error: MillraceError): boolean
  /** A worker processed a batch. */
  measured(measure: BatchMeasure): void
  /** A worker died and was replaced. */
  replaced(worker: number, why: string): void
}

interface Deaths {
  attempts: number
  /** Others ran beside it, and its attempts were used up: one more, with nothing beside it, shows who ends workers. */
  alone: boolean
  error: MillraceError
}

/** One partition of the run. */
interface Place extends PartitionOwner {
  partition: ConsumerPartition
  slot: number
  /** Attempts that ended with the death of their worker, by the offset of their first record. */
  deaths: Map<number, Deaths>
  /** Something of it is with its worker and not processed. */
  busy: boolean
  /** A batch that cannot be read: what is before it is awaited, what is behind it is fetched anew, or not at all. */
  damaged: { next: number; error: MillraceError } | undefined
  /** It is about to go: nothing more of it is fetched. */
  releasing: boolean
  /** Nothing of it runs any more, nor will. */
  quiet: boolean
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
  readonly #byPartition = new Map<ConsumerPartition, Place>()
  #busyCount = 0
  readonly #ended: Promise<void>
  #end: (error?: unknown) => void = () => {}
  #handle: ReaderHandle | undefined
  #pool: ProcessorPool | undefined
  #workers = 0
  #done: Promise<void> | undefined
  /** The workers are there. */
  #ready = false
  /** Nothing more is begun, whatever was under way. */
  #over = false

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
      if (this.#ready && partition.live) this.reassigned()
    } else if (partition.live) this.#begin(place)
    else this.#close(place)
  }

  release(partition: ConsumerPartition): void {
    const place = this.#placeOf(partition)
    if (place === undefined) return
    place.releasing = true
    this.#handle!.unassign([place.slot])
    this.#pool!.release(place.slot, place.generation)
  }

  fail(error: unknown): void {
    this.#end(error)
  }

  busy(partition: ConsumerPartition): boolean {
    return this.#placeOf(partition)?.busy ?? false
  }

  pause(partition: ConsumerPartition): void {
    const place = this.#placeOf(partition)
    if (place === undefined) return
    this.#pool!.pause(place.slot, true)
    this.#handle!.unassign([place.slot])
  }

  resume(partition: ConsumerPartition): void {
    const place = this.#placeOf(partition)
    if (place === undefined) return
    this.#pool!.pause(place.slot, false)
    this.#fetch(place)
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
      this.#over = true
      this.#ready = false
      this.#handle?.unassign([...this.#places.keys()])
      try {
        if (this.#pool !== undefined) await engine.holding(this.#pool.close())
      } finally {
        this.#places.clear()
        this.#byPartition.clear()
        await this.#handle?.close()
      }
    }
  }

  async #begun(): Promise<void> {
    const { processor, order, concurrency = 16, handlerTimeoutMs: timeoutMs, resourceLimits } = this.#options
    const { engine, timeoutMs: startMs, onDeserializationError, serdeNames } = this.#host
    const source = await this.#host.open()
    if (this.#over) return
    for (const { topic } of source.partitions) serdeNames(topic)
    const graceMs = timeoutMs === undefined ? GRACE_MS : 2 * timeoutMs
    const handlers = { order, concurrency, policy: this.#policy, timeoutMs, onDeserializationError }
    const spec = { options: { module: processor!.href, ...handlers }, startMs, graceMs, resourceLimits }
    const host = engine.poolHost()
    this.#handle = engine.openReader(source.readerSettings)
    this.#workers = Math.min(this.#options.workers, host.workersMax)
    this.#pool = new ProcessorPool(host, spec, this.#workers, this)
    await engine.holding(this.#pool.start())
    if (this.#over) return
    this.#ready = true
    await this.#openAll()
  }

  /** Takes over what the consumer reads now. */
  async #openAll(): Promise<void> {
    const source = await this.#host.open()
    if (this.#over) return
    await source.lend()
    if (this.#over) return
    for (const { partition, error } of source.takeStartless()) this.#failed(partition, error)
    for (const partition of source.partitions) {
      if (source.isHeld(partition) || partition.progress.state !== 'active') continue
      if (this.#placeOf(partition) === undefined) this.#open(partition)
    }
  }

  // --- what the pool tells ----------------------------------------------------------------------------------------

  taken(slot: number, generation: number, first: number, next: number, kind: number, fault: number): void {
    const place = this.#current(slot, generation)
    if (place === undefined || place.damaged !== undefined) return
    const { tracker, topic, partition } = place.partition
    if (fault !== 0) {
      tracker.passed(first)
      place.damaged = { next, error: faultError(fault, { topic, partition, offset: first }) }
      this.#handle!.unassign([slot])
      return this.#passDamaged(place)
    }
    // The log was cut, or the position never was in it.
    if (kind === Kind.position && next < tracker.position) return this.#rewind(place, next, true)
    // After a pause what was under way may come twice: its worker knows it.
    if (kind === Kind.data && next > tracker.position) tracker.arrived(Math.max(first, tracker.position), next)
    else tracker.passed(next)
    place.partition.handedOut(tracker.position)
    this.#settle(place)
  }

  processed(slot: number, generation: number, first: number, end: number): void {
    const place = this.#current(slot, generation)
    if (place === undefined) return
    const { tracker } = place.partition
    tracker.ack({ epoch: tracker.epoch, generation }, first, end)
    this.#settle(place)
    this.#passDamaged(place)
  }

  measured(measure: BatchMeasure): void {
    this.#host.measured(measure)
  }

  failed(slot: number, generation: number, error: MillraceError): void {
    if (this.#current(slot, generation) !== undefined) this.#end(error)
  }

  released(slot: number, generation: number): void {
    const place = this.#current(slot, generation)
    if (place === undefined) return
    place.quiet = true
    this.#settle(place)
  }

  async asked(asked: ProcessorAsk): Promise<void> {
    if (asked.ask === 'deadLetter') return this.#host.letters.send(asked.to, asked.letter)
    const place = this.#current(asked.slot, asked.generation)
    if (place === undefined) throw staleBatch()
    await this.#host.commit(place.partition)
  }

  lost(index: number, running: RunningNote[], why: string): void {
    this.#host.replaced(index, why)
    for (const place of this.#places.values()) {
      if (place.slot % this.#workers !== index) continue
      const error = this.#countDeath(place, running, why)
      if (error !== undefined) return this.#end(error)
      place.quiet = place.releasing
      this.#rewind(place, place.partition.tracker.floor)
    }
  }

  broken(error: MillraceError): void {
    this.#end(error)
  }

  #placeOf(partition: ConsumerPartition): Place | undefined {
    return this.#byPartition.get(partition)
  }

  /** Notes whether anything of a partition is still to be processed, and tells whoever watches progress. */
  #settle(place: Place): void {
    const { floor, position } = place.partition.tracker
    const busy = floor < position && !place.quiet
    if (busy !== place.busy) this.#busyCount += busy ? 1 : -1
    place.busy = busy
    this.#host.progressed(this.#busyCount > 0)
  }

  #current(slot: number, generation: number): Place | undefined {
    const place = this.#places.get(slot)
    return place?.generation === generation ? place : undefined
  }

  /** A damaged batch ends its partition, or is left out, when everything before it is processed. */
  #passDamaged(place: Place): void {
    const { damaged, partition } = place
    const { tracker } = partition
    if (damaged === undefined || tracker.floor < tracker.position) return
    place.damaged = undefined
    if (this.#host.onCorruptRecord === 'skip') this.#rewind(place, damaged.next)
    else this.#failed(partition, damaged.error)
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
      deaths: new Map(),
      ...{ busy: false, releasing: false, quiet: false, damaged: undefined },
      // Batches that come to main instead are of before the run had workers, or of after it.
      arrived: (lease: Lease) => lease.release(),
      failed: (error) => this.#failed(partition, error),
    }
    place.slot = this.#handle!.slot(place)
    partition.progress.askEnds = () => this.#handle?.logEnds(place.slot)
    this.#places.set(place.slot, place)
    this.#byPartition.set(partition, place)
    this.#begin(place)
  }

  #close(place: Place): void {
    this.#handle!.free([place.slot])
    this.#places.delete(place.slot)
    this.#byPartition.delete(place.partition)
    place.quiet = true
    this.#settle(place)
    this.#pool!.lose(place.slot, place.generation)
  }

  /** Reads from where the partition stands: nothing of an older generation is of use. */
  #begin(place: Place): void {
    const { tracker } = place.partition
    place.generation = tracker.generation
    place.damaged = undefined
    this.#settle(place)
    for (const offset of place.deaths.keys()) if (offset < tracker.floor) place.deaths.delete(offset)
    this.#pool!.begin([this.#startOf(place)])
    this.#handle!.unassign([place.slot])
    this.#fetch(place)
  }

  /** Has it fetched from the first offset on that no worker has, unless that is not wanted now. */
  #fetch({ slot, generation, partition: one, releasing, damaged }: Place): void {
    const { topic, partition, tracker, paused } = one
    if (paused || releasing || damaged !== undefined) return
    this.#handle!.assign([{ slot, generation, topic, partition, position: tracker.position, end: undefined }])
  }

  /** Reads on from there; what was handed out is void. */
  #rewind(place: Place, position: number, explicit = false): void {
    place.partition.moveTo(position, this.#host.engine.nextGeneration(), explicit)
    this.#begin(place)
  }

  #startOf({ slot, partition: one, deaths }: Place): ProcessorStart {
    const { topic, partition, tracker, paused } = one
    return {
      ...{ slot, topic, partition, paused, generation: tracker.generation, position: tracker.position },
      maxGapRecords: tracker.maxGapRecords,
      ...this.#host.serdeNames(topic),
      deaths: Array.from(deaths, ([offset, { error, ...counts }]) => ({ offset, ...counts, error: toWire(error) })),
    }
  }

  /** An attempt for what was running. The next worker does what is left to be done about it, short of the end. */
  #countDeath({ slot, generation, partition: one, deaths }: Place, running: RunningNote[], why: string) {
    const { tracker, topic, partition } = one
    for (const note of running) {
      if (note.slot !== slot || note.generation !== generation) continue
      const offset = tracker.pending(note.offset, tracker.position)?.first
      if (offset === undefined) continue
      const { attempts: before, alone: wasAlone } = deaths.get(offset) ?? { attempts: 0, alone: false }
      const where = `${topic}[${partition}] from offset ${offset} on`
      const text = `The worker that had the processor ${this.#options.processor!.href} at ${where} ended: ${why}.`
      const error = new ThreadDied('PROCESSOR_DIED', text, { topic, partition, offset, retriable: true })
      const stepAfter = (attempts: number) => nextStep(this.#policy, attempts, error, NO_JITTER).do
      const alone = wasAlone || (running.length > 1 && stepAfter(before + 1) !== 'retry')
      const attempts = alone && !wasAlone ? before : before + 1
      deaths.set(offset, { attempts, alone, error })
      if (stepAfter(attempts) === 'fail') return error
    }
    return undefined
  }
}
