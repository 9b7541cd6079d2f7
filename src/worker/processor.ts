// Runs user code on the batches of this thread's partitions, and tells main what is done. [workers with a processor]
import type { Clock } from '../base/clock.ts'
import { toWire } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { FromProcessor, ProcessorStart } from '../control/processing.ts'
import { attempt, type ErrorPolicy, nextStep } from '../delivery/attempts.ts'
import { Batch } from '../delivery/batch.ts'
import { Lanes, type Order, type Started } from '../delivery/lanes.ts'
import { Lease } from '../delivery/lease.ts'
import { RecordDecoder } from '../delivery/record-decoder.ts'
import type { Words } from '../ring/atomics.ts'
import { Field, Kind, putLong } from '../ring/descriptor.ts'
import type { Bell } from '../ring/doorbell.ts'
import { DESCRIPTOR_WORDS } from '../ring/layout.ts'
import type { Ledger } from '../ring/ledger.ts'
import type { Memory } from '../ring/memory.ts'
import type { WorkerView } from '../ring/worker-view.ts'
import type { HandOver } from './drain.ts'

/** What user code is told beside its batch. */
export interface ProcessorContext {
  /** Fires when the attempt has taken too long, or the run ends and does not wait any longer. */
  readonly signal: AbortSignal
  /** Which worker of the run this is, from 0. */
  readonly worker: number
  /** Counted from 1. */
  readonly attempt: number
}

/** The default export of a processor module. */
export type Processor = (batch: Batch, context: ProcessorContext) => unknown

/** What it works with. */
export interface ProcessorParts {
  worker: WorkerView
  /** From 0, among the workers of the run. */
  index: number
  memory: Memory
  ledger: Ledger
  mainBell: Bell
  clock: Clock
  random: Random
  processor: Processor
  order: Exclude<Order, 'key'>
  policy: ErrorPolicy
  timeoutMs: number | undefined
  post(message: FromProcessor): void
  /** Looks whether main has posted starts that were not read yet. */
  learnStarts(): void
  /** There is room in the ledger again. */
  roomMade(): void
}

interface Item {
  slot: number
  generation: number
  entry: number
  batch: Batch
  first: number
  end: number
}

const DECODER = new RecordDecoder<Buffer | null, Buffer | null>('raw', undefined, undefined)

/** One worker's user code. Fetched bytes are handed to main, never released here (ring/ledger.ts). */
export class ProcessorHost implements HandOver {
  readonly #parts: ProcessorParts
  readonly #starts = new Map<number, ProcessorStart>()
  readonly #lanes: Lanes<Item>
  readonly #ended = new AbortController()
  /** What main's ring had no room for. */
  readonly #outbox: { entry: number; words: Words }[] = []
  #stopping: (() => void) | undefined

  constructor(parts: ProcessorParts) {
    this.#parts = parts
    this.#lanes = new Lanes({ order: parts.order, concurrency: Number.POSITIVE_INFINITY, maxInFlight: Infinity })
  }

  get hasRoom(): boolean {
    return this.#outbox.length === 0 && this.#parts.ledger.hasRoom && this.#stopping === undefined
  }

  /** Partitions begin here, or anew after a seek: what waits of them is void. */
  start(starts: ProcessorStart[]): void {
    for (const start of starts) {
      this.#starts.set(start.slot, start)
      for (const item of this.#lanes.drop(String(start.slot))) this.#finish(item, false)
    }
  }

  take(at: number): number {
    return this.#parts.ledger.take(at)
  }

  deliver(words: Words): void {
    const { memory, worker } = this.#parts
    const slot = words[Field.slot]!
    const generation = words[Field.generation]!
    const entry = words[Field.entry]!
    const kind = words[Field.kind]!
    const inPlace = words[Field.bytesSize]! > 0
    const start = this.#startOf(slot, generation)
    this.#sendTaken(words, inPlace)
    // From here on the bytes are the entry's business.
    words[Field.bytesSize] = 0
    if (kind !== Kind.data || words[Field.fault] !== 0) return this.#end(entry, slot, generation, 0, 0, false)
    const lease = new Lease(memory, worker, words, 0, () => {})
    let first = 0
    if (start !== undefined) while (first < lease.count && lease.offsetAt(first) < start.position) first++
    if (start === undefined || first === lease.count) {
      lease.release()
      return this.#end(entry, slot, generation, lease.baseOffset, lease.nextOffset, start !== undefined)
    }
    const { topic, partition } = start
    const batch = new Batch(topic, partition, lease, { first, end: lease.count }, DECODER)
    this.#lanes.add(String(slot), { slot, generation, entry, batch, first: batch.baseOffset, end: lease.nextOffset })
    this.#pump()
  }

  /** Main's ring may have room again. */
  flush(): void {
    while (this.#outbox.length > 0 && this.#trySend(this.#outbox[0]!)) this.#outbox.shift()
  }

  /** Begins nothing new; resolves when nothing runs any more. */
  async stop(graceMs: number): Promise<void> {
    const timer = this.#parts.clock.after(graceMs, () => this.#ended.abort())
    await new Promise<void>((resolve) => {
      this.#stopping = resolve
      for (const item of this.#lanes.drop()) this.#finish(item, false)
      if (this.#lanes.running === 0) resolve()
    })
    timer.cancel()
  }

  #startOf(slot: number, generation: number): ProcessorStart | undefined {
    if (this.#starts.get(slot)?.generation !== generation) this.#parts.learnStarts()
    const start = this.#starts.get(slot)
    return start?.generation === generation ? start : undefined
  }

  #pump(): void {
    if (this.#stopping !== undefined) return
    for (let next = this.#lanes.next(); next !== undefined; next = this.#lanes.next()) void this.#run(next)
  }

  async #run(started: Started<Item>): Promise<void> {
    const { item } = started
    const outcome = await this.#attempts(item)
    if (typeof outcome === 'string') this.#finish(item, outcome === 'done')
    else {
      // A batch that failed for good is not done: the run ends with it in hand.
      const { slot, generation, first: offset } = item
      this.#parts.post({ type: 'failed', slot, generation, offset, error: toWire(outcome.error) })
    }
    this.#lanes.done(started)
    this.#pump()
    if (this.#lanes.running === 0) this.#stopping?.()
  }

  /** Until it is well, or nothing more is to be tried. */
  async #attempts(item: Item): Promise<'done' | 'dropped' | { error: unknown }> {
    const { clock, timeoutMs, policy, random, processor, index, ledger } = this.#parts
    const limits = { clock, timeoutMs, signal: this.#ended.signal }
    for (let number = 1; this.#isCurrent(item); number++) {
      try {
        ledger.runs(item.entry)
        await attempt((signal) => processor(item.batch, { signal, worker: index, attempt: number }), limits)
        return 'done'
      } catch (error) {
        ledger.rests(item.entry)
        const next = nextStep(policy, number, error, random)
        if (next.do === 'skip') return 'done'
        if (next.do !== 'retry') return { error }
        await new Promise<void>((resolve) => clock.after(next.afterMs, resolve))
      }
      if (this.#stopping !== undefined) break
    }
    return 'dropped'
  }

  #isCurrent({ slot, generation }: Item): boolean {
    return this.#starts.get(slot)?.generation === generation
  }

  #finish({ entry, slot, generation, batch, first, end }: Item, done: boolean): void {
    batch.release()
    this.#end(entry, slot, generation, first, end, done)
  }

  #sendTaken(from: Words, inPlace: boolean): void {
    const words = from.slice(0, DESCRIPTOR_WORDS) as unknown as Words
    words[Field.recordsHome] = from[Field.kind]!
    words[Field.kind] = Kind.taken
    words[Field.blockSize] = 0
    if (inPlace) words.fill(0, Field.bytesHome, Field.bytesSize + 1)
    else this.#parts.ledger.describe(from[Field.entry]!, words, 0)
    this.#send({ entry: inPlace ? -1 : from[Field.entry]!, words })
  }

  /** The batch is over here: main gets what is left of it. */
  #end(entry: number, slot: number, generation: number, first: number, end: number, done: boolean): void {
    const words = new Int32Array(new SharedArrayBuffer(DESCRIPTOR_WORDS * 4))
    words[Field.slot] = slot
    words[Field.generation] = generation
    words[Field.kind] = Kind.processed
    putLong(words, Field.baseOffset, first)
    words[Field.nextDelta] = end - first
    words[Field.count] = done ? 1 : 0
    this.#send({ entry, words })
  }

  #send(sent: { entry: number; words: Words }): void {
    if (this.#outbox.length > 0 || !this.#trySend(sent)) this.#outbox.push(sent)
  }

  #trySend({ entry, words }: { entry: number; words: Words }): boolean {
    const { worker, ledger, mainBell } = this.#parts
    const ring = worker.toMain
    let to = ring.claim()
    if (to < 0) {
      worker.wantRoom()
      to = ring.claim()
      if (to < 0) return false
    }
    const last = words[Field.kind] === Kind.processed
    if (last) ledger.describe(entry, words, 0)
    ring.words.set(words, to)
    if (entry >= 0) ledger.handing(entry)
    ring.commit()
    if (last) ledger.handed(entry)
    else if (entry >= 0) ledger.emptied(entry)
    mainBell.ring()
    if (last) this.#parts.roomMade()
    return true
  }
}
