// The workers of one run with a processor: started, told where to begin, replaced when they die. [main thread]
import type { Clock, Timer } from '../base/clock.ts'
import { fromWire, type MillraceError, ThreadDied, Timeout, toWire } from '../base/errors.ts'
import type { Call, CallResults, SpillPort } from '../control/commands.ts'
import type { FromProcessor, ProcessorAsk, ProcessorStart, ToProcessor } from '../control/processing.ts'
import { spillHolder } from '../control/spills.ts'
import type { HandlerOptions } from '../delivery/handler-options.ts'
import { BATCH_HEADER_BYTES } from '../record/batch.ts'
import { type BatchMeasure, getMeasure } from '../ring/batch-measure.ts'
import { Field, getLong, Kind } from '../ring/descriptor.ts'
import { allocateWorker, SEGMENT_BYTES, type WorkerMemory } from '../ring/layout.ts'
import { Ledger, type RunningNote } from '../ring/ledger.ts'
import type { Memory } from '../ring/memory.ts'
import { giveSpillTokenOf } from '../ring/spill.ts'
import type { WorkerView } from '../ring/worker-view.ts'

/** What every worker of a run is started with. */
export interface ProcessorSpec {
  options: HandlerOptions
  /** How long one may take to load its module and to get ready. */
  startMs: number
  /** How long handlers are awaited at the end. */
  graceMs: number
  /** Of the heap and the stack of each thread, as worker_threads takes them; default: those of the process. */
  resourceLimits?:
    | { maxOldGenerationSizeMb?: number; maxYoungGenerationSizeMb?: number; stackSizeMb?: number }
    | undefined
}

/** A thread for user code, however it is started. */
export interface ProcessorThread {
  /** For the I/O thread, which announces its spills there. */
  readonly spills: SpillPort | undefined
  /** Why it ended. It is gone then: nothing of it runs any more. */
  readonly exited: Promise<string>
  /** Makes it a worker: until then it waits, without user code. */
  begin(worker: WorkerMemory, index: number): void
  post(message: ToProcessor): void
  onMessage(handle: (message: FromProcessor) => void): void
  terminate(): void
}

/** What a pool needs of the engine. */
export interface PoolHost {
  readonly memory: Memory
  readonly clock: Clock
  /** More would share a thread. */
  readonly workersMax: number
  startProcessor(spec: ProcessorSpec): ProcessorThread
  nextWorker(): { id: number; place: number }
  freePlace(place: number): void
  give(worker: number, take: (() => void) | undefined): void
  freed(reader: number): void
  call<C extends Call>(call: C): Promise<CallResults[C['op']]>
}

/** Whom a pool tells. */
export interface PoolOwner {
  readonly reader: number
  /** A batch of this kind is with its worker; `fault` says that it is damaged. */
  taken(slot: number, generation: number, first: number, next: number, kind: number, fault: number): void
  /** User code is done with these offsets. */
  processed(slot: number, generation: number, first: number, end: number): void
  /** A batch was processed, and took so long. */
  measured(measure: BatchMeasure): void
  /** A batch failed for good. */
  failed(slot: number, generation: number, error: MillraceError): void
  /** Nothing of a partition runs any more, and nothing more of it will begin. */
  released(slot: number, generation: number): void
  /** User code asks for something. */
  asked(asked: ProcessorAsk): Promise<void>
  /** A worker died, all it said is told, and a new one has its place: its partitions are to begin anew, all of them. */
  lost(index: number, running: RunningNote[], why: string): void
  /** The run cannot go on. */
  broken(error: MillraceError): void
}

/** How often a replacement may end before it has begun. */
const BEGIN_TRIES = 5

/** How much longer than its handlers a thread may take to end. */
const STOP_MS = 500

/** How long a thread may take to say that a handler's time is over, before it is taken to be stuck. */
const STUCK_MS = 250

interface Member {
  index: number
  worker: WorkerView
  thread: ProcessorThread
  /** Handlers at work by their sequence, and when they were first seen. */
  running: Map<number, number>
  /** Why its thread was ended from here. */
  stuck: string | undefined
}

/** As many workers as were asked for, or a replacement under way. A partition belongs to the worker slot % count. */
export class ProcessorPool {
  readonly #host: PoolHost
  readonly #spec: ProcessorSpec
  readonly #owner: PoolOwner
  readonly #members: Member[] = []
  /** What each ever had: a slot stays with its worker. */
  readonly #slots: Set<number>[]
  readonly #count: number
  /** Threads that are not ready yet. */
  readonly #beginning = new Set<ProcessorThread>()
  /** Waits for the next death, once there was one: to start a thread takes most of the time of a replacement. */
  #spare: ProcessorThread | undefined
  #starting: Promise<unknown> | undefined
  readonly #replacing = new Set<Promise<void>>()
  #closed = false
  #closing: Promise<void> | undefined
  #watch: Timer | undefined
  #closeFailed: MillraceError | undefined

  constructor(host: PoolHost, spec: ProcessorSpec, count: number, owner: PoolOwner) {
    this.#host = host
    this.#spec = spec
    this.#owner = owner
    this.#count = count
    this.#slots = Array.from({ length: count }, () => new Set())
  }

  /** Starts all workers; rejects, with nothing left behind, when one cannot begin. */
  async start(): Promise<void> {
    const starting = Promise.allSettled(Array.from({ length: this.#count }, (_, index) => this.#begin(index)))
    this.#starting = starting
    const begun = await starting
    for (const one of begun) if (one.status === 'fulfilled') this.#members[one.value.index] = one.value
    const refused = begun.find((one) => one.status === 'rejected')
    if (refused !== undefined) {
      await this.close()
      throw refused.reason
    }
    if (this.#closed) return
    await this.#route([])
    for (const member of this.#members) this.#awaitEnd(member)
    this.#watchHandlers()
  }

  /** Partitions begin, or begin anew. To be told before I/O is. */
  begin(starts: ProcessorStart[]): void {
    for (const start of starts) {
      const index = start.slot % this.#count
      this.#slots[index]!.add(start.slot)
      this.#members[index]!.thread.post({ type: 'starts', starts: [start] })
    }
  }

  /** Nothing of a partition is handed to user code for now, or it goes on. */
  pause(slot: number, paused: boolean): void {
    this.#members[slot % this.#count]!.thread.post({ type: 'pause', slot, paused })
  }

  /** A partition is about to go: nothing more of it is begun, and the owner hears when nothing of it runs. */
  release(slot: number, generation: number): void {
    this.#members[slot % this.#count]!.thread.post({ type: 'release', slot, generation })
  }

  /** A partition is gone: what still runs of it does not count. */
  lose(slot: number, generation: number): void {
    this.#members[slot % this.#count]!.thread.post({ type: 'gone', slot, generation })
  }

  /** Handlers are told to give up now, and their threads are ended soon after. */
  hurry(): void {
    for (const thread of this.#beginning) thread.terminate()
    // Where a worker was refused there is none.
    const members = this.#members.filter((member) => member !== undefined)
    for (const { thread } of members) thread.post({ type: 'stop', graceMs: 0 })
    this.#host.clock.after(STOP_MS, () => {
      for (const { thread } of members) thread.terminate()
    })
  }

  /** Ends all workers: what runs is awaited for the grace, what waits is left. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    this.#closed = true
    this.#watch?.cancel()
    for (const thread of this.#beginning) thread.terminate()
    await this.#starting
    await Promise.allSettled(this.#replacing)
    const spare = this.#spare
    spare?.terminate()
    const members = this.#members.filter((member) => member !== undefined)
    const { graceMs } = this.#spec
    for (const { thread } of members) thread.post({ type: 'stop', graceMs })
    // One that never lets go of its thread is ended where it stands.
    const limit = this.#host.clock.after(graceMs + STOP_MS, () => {
      for (const { thread } of members) thread.terminate()
    })
    await Promise.all([spare?.exited, ...members.map(({ thread }) => thread.exited)])
    limit.cancel()
    const gone = members.map(({ worker }) => worker.id)
    await this.#host.call({ op: 'route', reader: this.#owner.reader, workers: undefined, gone }).catch(() => undefined)
    for (const member of members) {
      this.#bury(member)
      this.#reclaim(member)
    }
    if (this.#closeFailed !== undefined) throw this.#closeFailed
  }

  async #begin(index: number): Promise<Member> {
    const { memory } = this.#host
    const { id, place } = this.#host.nextWorker()
    const segments = Math.max(4, Math.floor(memory.decodeSegments / this.#count))
    // Every batch has bytes of its own, and is no smaller than its header; one may lie in a spill.
    const entries = 1 + Math.ceil((memory.fetch.segments * SEGMENT_BYTES) / BATCH_HEADER_BYTES)
    const ledger = { notes: this.#spec.options.concurrency, entries }
    const worker = memory.addWorker(allocateWorker(id, place, segments, ledger))
    const thread = this.#spare ?? this.#host.startProcessor(this.#spec)
    this.#spare = undefined
    const member: Member = { index, worker, thread, running: new Map(), stuck: undefined }
    this.#host.give(id, () => this.#take(worker))
    this.#beginning.add(thread)
    try {
      const ready = this.#ready(member)
      thread.begin(worker.memory, index)
      await ready
      await this.#host.call({ op: 'addWorker', worker: worker.memory, spills: thread.spills })
    } catch (error) {
      thread.terminate()
      await thread.exited
      this.#reclaim(member)
      throw error
    } finally {
      this.#beginning.delete(thread)
    }
    return member
  }

  /** Resolves when it is; rejects when it refuses, ends, or takes too long. */
  async #ready(member: Member): Promise<void> {
    const { startMs, options } = this.#spec
    let late: Timer | undefined
    const ready = new Promise<void>((resolve, reject) => {
      late = this.#host.clock.after(startMs, () => {
        const text = `The processor ${options.module} was not loaded, or its init had not ended, after ${startMs} ms.`
        reject(new Timeout('PROCESSOR_NOT_READY', text))
      })
      void member.thread.exited.then((why) => {
        const text = `A worker with the processor ${options.module} ended before it began: ${why}`
        reject(new ThreadDied('PROCESSOR_DIED', text))
      })
      member.thread.onMessage((message) => {
        if (message.type === 'ready') resolve()
        else if (message.type === 'refused') reject(fromWire(message.error))
        else this.#heard(member, message)
      })
    })
    await ready.finally(() => late?.cancel())
  }

  #heard({ worker, thread }: Member, message: FromProcessor): void {
    switch (message.type) {
      case 'failed':
        // What was told before it lies in the ring.
        this.#take(worker)
        return this.#owner.failed(message.slot, message.generation, fromWire(message.error))
      case 'released':
        this.#take(worker)
        return this.#owner.released(message.slot, message.generation)
      case 'asked': {
        const { id, asked } = message
        this.#take(worker)
        const answer = (error?: unknown) => {
          thread.post({ type: 'answer', id, error: error === undefined ? undefined : toWire(error) })
        }
        return void this.#owner.asked(asked).then(() => answer(), answer)
      }
      case 'stopped':
        if (message.error !== undefined) this.#closeFailed ??= fromWire(message.error)
    }
  }

  /** A handler that keeps its thread to itself cannot be told that its time is over: the thread is ended. */
  #watchHandlers(): void {
    const { clock } = this.#host
    const { timeoutMs, module } = this.#spec.options
    if (timeoutMs === undefined) return
    // Until then the thread itself gives up a handler that does not heed its signal.
    const limitMs = 2 * timeoutMs + STUCK_MS
    const look = () => {
      const now = clock.now()
      for (const member of this.#members) {
        const running = new Ledger(member.worker).running().map(({ sequence }) => sequence)
        member.running = new Map(running.map((sequence) => [sequence, member.running.get(sequence) ?? now]))
        const since = Math.min(...member.running.values())
        if (member.stuck !== undefined || now - since < limitMs) continue
        member.stuck = `the processor ${module} had not returned after ${Math.round(now - since)} ms`
        member.thread.terminate()
      }
      this.#watch = clock.after(Math.max(10, timeoutMs / 4), look)
    }
    look()
  }

  #awaitEnd(member: Member): void {
    void member.thread.exited.then((why) => {
      if (this.#closed) return
      const replacing = this.#replace(member, why).catch((error) => this.#owner.broken(error as MillraceError))
      this.#replacing.add(replacing)
      void replacing.finally(() => this.#replacing.delete(replacing))
    })
  }

  /** Nothing of the dead worker's goes lost: what it had, or was sent since, is void, and its partitions begin anew. */
  async #replace(dead: Member, why: string): Promise<void> {
    const { index } = dead
    const running = new Ledger(dead.worker).running()
    this.#bury(dead)
    const next = await this.#beginAgain(index)
    this.#members[index] = next
    // In one go: the I/O thread is told of the new way, then of new generations. None of these go the old way, and the
    // new worker knows none of those before.
    const routed = this.#route([dead.worker.id])
    this.#owner.lost(index, running, dead.stuck ?? why)
    await routed
    this.#reclaim(dead)
    this.#awaitEnd(next)
    this.#keepSpare()
  }

  #keepSpare(): void {
    if (this.#closed || this.#spare !== undefined) return
    let spare: ProcessorThread
    try {
      spare = this.#host.startProcessor(this.#spec)
    } catch {
      // The run has all its workers: the next death only takes longer.
      return
    }
    this.#spare = spare
    void spare.exited.then(() => {
      if (this.#spare === spare) this.#spare = undefined
    })
  }

  /** A new thread may meet the same end as the one before: that says nothing yet, several in a row do. */
  async #beginAgain(index: number): Promise<Member> {
    for (let left = BEGIN_TRIES - 1; ; left--) {
      try {
        return await this.#begin(index)
      } catch (error) {
        if ((error as MillraceError).code !== 'PROCESSOR_DIED' || left === 0 || this.#closed) throw error
      }
    }
  }

  async #route(gone: number[]): Promise<void> {
    const workers = this.#members.map(({ worker }) => worker.id)
    await this.#host.call({ op: 'route', reader: this.#owner.reader, workers, gone })
  }

  /** Takes what a worker has sent. */
  #take({ toMain }: WorkerView): void {
    const { words } = toMain
    for (let at = toMain.peek(); at >= 0; at = toMain.peek()) {
      const slot = words[at + Field.slot]!
      const generation = words[at + Field.generation]!
      const first = getLong(words, at + Field.baseOffset)
      const end = first + (words[at + Field.nextDelta]! >>> 0)
      const kind = words[at + Field.kind]!
      const [was, fault, done] = [words[at + Field.recordsHome]!, words[at + Field.fault]!, words[at + Field.count]!]
      const measure = kind === Kind.processed ? getMeasure(words, at) : undefined
      this.#release(words, at, slot)
      toMain.release()
      if (kind === Kind.taken) this.#owner.taken(slot, generation, first, end, was, fault)
      else if (done === 1) this.#owner.processed(slot, generation, first, end)
      if (measure !== undefined) this.#owner.measured(measure)
    }
  }

  #release(words: Int32Array, at: number, slot: number): void {
    const size = words[at + Field.bytesSize]!
    if (size > 0) this.#giveBack(slot, words[at + Field.bytesHome]!, words[at + Field.bytesStart]!, size)
  }

  #giveBack(slot: number, home: number, start: number, size: number): void {
    const { memory } = this.#host
    memory.home(home).release(start, size)
    memory.addRaw(slot, -size)
    this.#host.freed(this.#owner.reader)
  }

  /** The thread is gone: what it said last is heard, and what it had decoded is nobody's. */
  #bury({ worker, index }: Member): void {
    const { memory } = this.#host
    this.#take(worker)
    for (const slot of this.#slots[index]!) memory.addDecoded(slot, -memory.slotDecoded(slot))
  }

  /** Nothing is sent to it any more either. */
  #reclaim({ worker }: Member): void {
    const { memory } = this.#host
    const { toWorker } = worker
    const left = new Ledger(worker).left()
    for (const { slot, home, start, size } of left) if (size > 0) this.#giveBack(slot, home, start, size)
    for (let at = toWorker.peek(); at >= 0; at = toWorker.peek()) {
      this.#release(toWorker.words, at, toWorker.words[at + Field.slot]!)
      toWorker.release()
    }
    giveSpillTokenOf(memory.words, memory.layout.decodeSpill, spillHolder(1 + worker.id))
    this.#host.give(worker.id, undefined)
    memory.removeWorker(worker.id)
    memory.clearPlace(worker.memory.place)
    this.#host.freePlace(worker.memory.place)
  }
}
