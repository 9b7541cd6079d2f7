// Runs user code on the batches of this thread's partitions, and tells main what is done. [workers with a processor]
import type { Clock, Timer } from '../base/clock.ts'
import { fromWire, toWire, type WireError } from '../base/errors.ts'
import { Fifo } from '../base/fifo.ts'
import type { Random } from '../base/random.ts'
import type { FromProcessor, ProcessorAsk, ProcessorStart } from '../control/processing.ts'
import { Batch } from '../delivery/batch.ts'
import { deadLetterOf } from '../delivery/dead-letter.ts'
import type { HandlerOptions } from '../delivery/handler-options.ts'
import { splitByKey } from '../delivery/key-split.ts'
import { Lanes, type Started } from '../delivery/lanes.ts'
import { Lease } from '../delivery/lease.ts'
import { type AttemptPlan, runBatch } from '../delivery/run-attempts.ts'
import type { RunContext } from '../delivery/run-context.ts'
import { ToldCommits } from '../delivery/told-commits.ts'
import type { Words } from '../ring/atomics.ts'
import { Field, Kind } from '../ring/descriptor.ts'
import type { Memory } from '../ring/memory.ts'
import type { HandOver } from './drain.ts'
import { ProcessorPlace } from './processor-place.ts'
import { type DeskParts, ReportDesk } from './report-desk.ts'
import { WorkedBatch, type WorkedBatchEvents } from './worked-batch.ts'

/** The default export of a processor module. */
export type Processor = (batch: Batch<unknown, unknown>, context: RunContext) => unknown

/** What it works with. */
export interface ProcessorParts extends DeskParts {
  /** From 0, among the workers of the run. */
  index: number
  memory: Memory
  clock: Clock
  random: Random
  processor: Processor
  options: HandlerOptions
  post(message: FromProcessor): void
  /** Looks whether main has posted something that was not read yet. */
  readMessages(): void
}

/** A batch, or some keys of one, that waits for its handler or runs. */
interface Item {
  worked: WorkedBatch
  lease: Lease
  batch: Batch<unknown, unknown>
}

/** One worker's user code. Fetched bytes are handed to main, never released here (ring/ledger.ts). */
export class ProcessorHost implements HandOver {
  readonly #parts: ProcessorParts
  readonly #desk: ReportDesk
  readonly #plan: AttemptPlan
  readonly #plans = new WeakMap<ProcessorPlace, AttemptPlan>()
  readonly #events: WorkedBatchEvents
  readonly #places = new Map<number, ProcessorPlace>()
  readonly #lanes: Lanes<Item>
  /** By slot, in order: what lies too far above what is not processed. */
  readonly #waiting = new Map<number, Fifo<Item>>()
  /** Waits until nothing runs, and nothing else begins before. */
  #alone: Started<Item> | undefined
  #runsAlone = false
  /** Fires when no handler is waited for any more. */
  readonly #givenUp = new AbortController()
  readonly #ending = new AbortController()
  readonly #asked = new Map<number, { resolve(): void; reject(error: unknown): void }>()
  #asks = 0
  #idle: (() => void) | undefined
  readonly #graces: Timer[] = []

  constructor(parts: ProcessorParts) {
    const { clock, random, index, options, ledger } = parts
    const { order, concurrency, policy, timeoutMs } = options
    const desk = new ReportDesk(parts)
    this.#parts = parts
    this.#desk = desk
    // What waits is bounded by the fetch credit: by bytes, which may be 100,000s of tiny batches.
    this.#lanes = new Lanes({ order, concurrency, maxInFlight: Number.POSITIVE_INFINITY })
    this.#plan = {
      ...{ clock, random, policy, timeoutMs, worker: index },
      handlerName: `The processor ${options.module}`,
      handlers: this.#givenUp.signal,
      ending: this.#ending.signal,
      deadLetter: (to, ...failed) => this.#ask({ ask: 'deadLetter', to, letter: deadLetterOf(...failed) }),
    }
    this.#events = {
      progressed: (batch) => {
        desk.progressed(batch)
        // Not from within user code.
        if (this.#waiting.has(batch.place.slot)) queueMicrotask(() => this.#feed(batch.place.slot))
      },
      closed: (batch) => desk.closed(batch),
      commit: ({ place }) => this.#commit(place),
      told: new ToldCommits(),
      begins: ({ slot, generation }, offset) => {
        const note = ledger.begin(slot, generation, offset)
        return () => ledger.ended(note)
      },
    }
  }

  get hasRoom(): boolean {
    return this.#desk.clear && !this.#ending.signal.aborted
  }

  /** Partitions begin here, or anew after a seek: what waits of them is void. */
  start(starts: ProcessorStart[]): void {
    for (const start of starts) {
      const before = this.#places.get(start.slot)
      if (before !== undefined) before.over = true
      this.#places.set(start.slot, new ProcessorPlace(start, this.#parts.options.onDeserializationError))
      this.#drop(start.slot)
      this.pause(start.slot, start.paused)
    }
  }

  /** Nothing of a partition is handed out for now, or it goes on. */
  pause(slot: number, paused: boolean): void {
    if (paused) {
      this.#lanes.hold(String(slot))
      if (this.#alone?.item.worked.place.slot !== slot) return
      this.#lanes.takeBack(this.#alone)
      this.#alone = undefined
    } else this.#lanes.resume(String(slot))
    this.#pump()
  }

  /** Nothing more of a partition is begun; main is told when nothing of it runs. */
  release(slot: number, generation: number): void {
    const place = this.#placeOf(slot, generation)
    if (place === undefined) return
    place.releasing = true
    this.#drop(slot)
    this.#tellReleased(place)
  }

  /** A partition is somebody else's: its handlers are told to give up, and what they do does not count. */
  lose(slot: number, generation: number): void {
    const place = this.#placeOf(slot, generation)
    if (place === undefined) return
    place.over = true
    place.gone.abort()
    this.#drop(slot)
  }

  /** Main has done what it was asked for, or could not. */
  answered(id: number, error: WireError | undefined): void {
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    if (error === undefined) asked?.resolve()
    else asked?.reject(fromWire(error))
  }

  take(at: number): number {
    return this.#parts.ledger.take(at)
  }

  deliver(words: Words): void {
    const { memory, worker } = this.#parts
    const [slot, generation] = [words[Field.slot]!, words[Field.generation]!]
    const place = this.#placeOf(slot, generation)
    const wanted = place !== undefined && !place.releasing && !place.halted
    // Main counts what it hears of as handed out: of what is not wanted it gets the bytes, and nothing else.
    const entry = wanted ? this.#desk.taken(words) : words[Field.entry]!
    // From here on the bytes are the entry's business.
    words[Field.bytesSize] = 0
    const lease = new Lease(memory, worker, words, 0, () => {})
    if (!wanted || lease.kind !== Kind.data || lease.fault !== 0) {
      if (wanted && lease.fault !== 0) place.halted = true
      lease.release()
      return this.#desk.passed(entry, { slot, generation, first: 0, end: 0 })
    }
    const unseen = place.see(lease)
    if (unseen.first === unseen.end) {
      lease.release()
      const end = Math.max(unseen.from, lease.nextOffset)
      return this.#desk.passed(entry, { slot, generation, first: unseen.from, end })
    }
    const range = { from: unseen.from, first: lease.offsetAt(unseen.first), nextOffset: lease.nextOffset }
    const worked = new WorkedBatch(place, entry, range, this.#events)
    this.#add({ worked, lease, batch: Batch.of(place, lease, unseen, place.decoder, worked) })
  }

  /** Main's ring may have room again. */
  flush(): void {
    this.#desk.flush()
  }

  /** Begins nothing new; resolves when nothing runs any more. Handlers are told to give up after the grace. */
  async stop(graceMs: number): Promise<void> {
    this.giveUp(graceMs)
    this.#ending.abort()
    this.#drop()
    if (this.#lanes.running > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve
      })
    }
    for (const timer of this.#graces) timer.cancel()
  }

  /** Handlers are told to give up after so long. */
  giveUp(graceMs: number): void {
    this.#graces.push(this.#parts.clock.after(graceMs, () => this.#givenUp.abort()))
  }

  /** Nobody waits any more for what still runs, nor counts what it does. */
  abandon(): void {
    for (const place of this.#places.values()) place.over = true
    this.#ending.abort()
    this.#givenUp.abort()
    this.#idle?.()
  }

  #placeOf(slot: number, generation: number): ProcessorPlace | undefined {
    if (this.#places.get(slot)?.generation !== generation) this.#parts.readMessages()
    const place = this.#places.get(slot)
    return place?.generation === generation && !place.over ? place : undefined
  }

  #add(item: Item): void {
    const { place } = item.worked
    let waiting = this.#waiting.get(place.slot)
    if (waiting === undefined) {
      if (place.mayBegin(item.batch)) {
        this.#split(item)
        return this.#pump()
      }
      waiting = new Fifo()
      this.#waiting.set(place.slot, waiting)
    }
    waiting.push(item)
  }

  /** Hands the lanes what may begin by now of what waited. */
  #feed(slot: number): void {
    const waiting = this.#waiting.get(slot)
    while (waiting?.first?.worked.place.mayBegin(waiting.first.batch)) this.#split(waiting.shift()!)
    if (waiting?.length === 0) this.#waiting.delete(slot)
    this.#pump()
  }

  #split({ worked, lease, batch: whole }: Item): void {
    const { order, concurrency } = this.#parts.options
    const parts = order === 'key' ? splitByKey(whole, concurrency) : [{ lane: null, batch: whole }]
    worked.open = parts.length
    for (const { lane, batch } of parts) this.#lanes.add(String(worked.place.slot), { worked, lease, batch }, lane)
  }

  #pump(): void {
    while (!this.#ending.signal.aborted && !this.#runsAlone) {
      const started = this.#alone ?? this.#lanes.next()
      if (started === undefined) return
      const { worked, batch } = started.item
      if (worked.place.runsAlone(batch)) {
        this.#runsAlone = this.#lanes.running === 1
        this.#alone = this.#runsAlone ? undefined : started
        if (!this.#runsAlone) return
      }
      void this.#run(started)
    }
  }

  async #run(started: Started<Item>): Promise<void> {
    const { worked, lease, batch } = started.item
    const { clock } = this.#parts
    const { place } = worked
    place.running++
    worked.beganMs ??= clock.now()
    try {
      await runBatch(this.#planOf(place), worked, batch, this.#parts.processor)
    } catch (error) {
      const { slot, generation } = place
      // The run ends with what main was told before, and without what failed.
      this.#desk.tell()
      this.#desk.whenSent(() => this.#parts.post({ type: 'failed', slot, generation, error: toWire(error) }))
    }
    const { arrivedUs, fetchUs, decodeUs, recordsBytes, count: records } = lease
    const processUs = (clock.now() - worked.beganMs) * 1000
    worked.measure = { records, recordsBytes, arrivedUs, fetchUs, decodeUs, processUs }
    place.running--
    worked.close(batch)
    this.#lanes.done(started)
    this.#runsAlone = false
    if (place.releasing) this.#tellReleased(place)
    this.#pump()
    if (this.#lanes.running === 0) this.#idle?.()
  }

  /** Handlers give up at the end of the run, and when their partition is gone. */
  #planOf(place: ProcessorPlace): AttemptPlan {
    let plan = this.#plans.get(place)
    if (plan === undefined) {
      plan = { ...this.#plan, handlers: AbortSignal.any([this.#givenUp.signal, place.gone.signal]) }
      this.#plans.set(place, plan)
    }
    return plan
  }

  /** What waits of a partition is dropped, or everything that waits. */
  #drop(slot?: number): void {
    const alone = this.#alone
    if (alone !== undefined && (slot ?? alone.item.worked.place.slot) === alone.item.worked.place.slot) {
      this.#alone = undefined
      this.#lanes.done(alone)
      alone.item.worked.close(alone.item.batch)
    }
    const waiting = this.#lanes.drop(slot === undefined ? undefined : String(slot))
    for (const of of slot === undefined ? [...this.#waiting.keys()] : [slot]) {
      for (const item of this.#waiting.get(of) ?? []) waiting.push(item)
      this.#waiting.delete(of)
    }
    for (const { batch, worked } of waiting) worked.close(batch)
  }

  #tellReleased({ slot, generation, running }: ProcessorPlace): void {
    if (running > 0) return
    this.#desk.tell()
    this.#desk.whenSent(() => this.#parts.post({ type: 'released', slot, generation }))
  }

  #commit({ slot, generation }: ProcessorPlace): Promise<void> {
    this.#desk.tell()
    return this.#ask({ ask: 'commit', slot, generation })
  }

  #ask(asked: ProcessorAsk): Promise<void> {
    const id = this.#asks++
    return new Promise((resolve, reject) => {
      this.#asked.set(id, { resolve, reject })
      this.#desk.whenSent(() => this.#parts.post({ type: 'asked', id, asked }))
    })
  }
}
