// Main's end of the engine: readers, their slots, calls to the I/O thread, what keeps the process up. [main thread]
import type { Clock } from '../base/clock.ts'
import { Closed, fromWire, InvalidOption, type MillraceError } from '../base/errors.ts'
import type { Random } from '../base/random.ts'
import type { Call, CallResults, CursorStart, EventName, ReaderSettings, ToIo, ToMain } from '../control/commands.ts'
import type { Port } from '../control/port.ts'
import type { ProducePort } from '../control/producing.ts'
import type { Answer, Bell } from '../ring/doorbell.ts'
import { DECODERS_MAX, READERS_MAX, SLOTS_MAX } from '../ring/layout.ts'
import type { LogEnds, Memory } from '../ring/memory.ts'
import type { WorkerView } from '../ring/worker-view.ts'
import { type CallLimits, Calls } from './calls.ts'
import { Groups } from './groups.ts'
import { Hub, type SlotOwner } from './hub.ts'
import { type LeakedBatch, Leaks } from './leaks.ts'
import type { PoolHost, ProcessorSpec, ProcessorThread } from './processor-pool.ts'
import { type CompressorLines, Producers } from './producers.ts'

/** What a wiring hands to main: the other roles, however they run. */
export interface EngineParts {
  memory: Memory
  clock: Clock
  io: Port<ToIo, ToMain>
  mainBell: Answer
  ioBell: Bell
  /** The bell of a worker. */
  bellOf(worker: WorkerView): Bell
  /** Keeps the process up (true) or lets it end (false). */
  hold(on: boolean): void
  /** Runs a function soon, in a turn of the event loop of its own. */
  post(run: () => void): void
  /** Tells of the death of a thread. */
  onDeath(report: (error: MillraceError) => void): void
  /** Share of time each thread was busy since the start, 0 to 1, by name. */
  busy(): Record<string, number>
  /** Workers with user code; more would share a thread. */
  workersMax: number
  /** Starts a thread for user code. */
  startProcessor(spec: ProcessorSpec): ProcessorThread
  compressors: CompressorLines
  /** Where main's own choices come from. */
  random: Random
  /** Forgotten batches are looked for: the garbage collector says when, so not in a simulation. */
  findLeaks?: boolean
  /** Ends the threads. */
  stop(): Promise<void>
}

/** What a reader of partitions is told. */
export interface PartitionOwner extends SlotOwner {
  /** I/O gave the partition up once everything before `position` was sent. */
  failed(error: MillraceError, position: number): void
}

/** A reader's place in the engine. */
export interface ReaderHandle {
  readonly id: number
  /** Reserves a slot for a partition and routes its batches. */
  slot(owner: PartitionOwner): number
  assign(cursors: CursorStart[]): void
  seek(slot: number, generation: number, position: number): void
  unassign(slots: number[]): void
  /** These partitions are read no more, and their slots are for others of this reader. */
  free(slots: number[]): void
  /** What the last fetch of a slot's partition said; undefined before it, and after the end of the reader. */
  logEnds(slot: number): LogEnds | undefined
  /** Resolves when nothing of this reader is in flight any more. */
  close(): Promise<void>
}

/** Close settles in this time, dead broker or not. */
const CLOSE_MS = 2_000

/** One engine a Kafka instance. */
export class Engine {
  readonly clock: Clock
  readonly memory: Memory
  /** Memberships of this instance. */
  readonly groups: Groups
  readonly random: Random
  /** Producers of this instance. */
  readonly producers: Producers
  /** What connections, brokers and logs are doing; errors in it are plain data. */
  onEvent: (name: EventName, detail: Record<string, unknown>) => void = () => {}
  readonly leaks: Leaks | undefined
  readonly #parts: EngineParts
  readonly #calls: Calls
  readonly #hub: Hub
  readonly #owners = new Map<number, PartitionOwner>()
  readonly #brokers = new Map<number, string>()
  readonly #freeSlots: number[] = []
  readonly #freeReaders: number[] = []
  readonly #freePlaces: number[] = []
  #placesMade: number
  #workersMade: number
  #slotsMade = 0
  #readersMade = 0
  #holds = 0
  #generation = 0
  #dead: MillraceError | undefined

  constructor(parts: EngineParts) {
    this.#parts = parts
    this.clock = parts.clock
    this.memory = parts.memory
    // What is forgotten after the end holds nothing that anybody could use.
    const leaked = (batch: LeakedBatch) => this.#dead === undefined && this.onEvent('leaked', { ...batch })
    if (parts.findLeaks) this.leaks = new Leaks(leaked)
    this.random = parts.random
    this.producers = new Producers((message, transfer) => this.#post(message, transfer), parts.compressors)
    this.#placesMade = parts.memory.workers.length
    this.#workersMade = this.#placesMade
    this.#calls = new Calls((message, transfer) => parts.io.post(message, transfer), parts.clock)
    this.#hub = new Hub(parts.memory, parts.ioBell, (worker) => parts.bellOf(worker))
    this.groups = new Groups({
      post: (message) => this.#post(message),
      call: (call, limits) => this.call(call, limits),
    })
    parts.io.onMessage((message) => this.#message(message))
    parts.mainBell.start(() => this.#hub.drain())
    parts.onDeath((error) => this.#died(error))
    parts.hold(false)
  }

  /** Asks the I/O thread; the process stays up until it answers. */
  async call<C extends Call>(call: C, limits: CallLimits): Promise<CallResults[C['op']]> {
    if (this.#dead !== undefined) throw this.#dead
    return this.holding(this.#calls.call(call, limits))
  }

  /** Keeps the process up while something is awaited: a pending Atomics.waitAsync alone does not (hazard 8). */
  async holding<T>(pending: Promise<T>): Promise<T> {
    if (++this.#holds === 1) this.#parts.hold(true)
    try {
      return await pending
    } finally {
      if (--this.#holds === 0) this.#parts.hold(false)
    }
  }

  /** Resolves in a turn of the event loop of its own: timers and sockets had theirs by then. */
  turn(): Promise<void> {
    return new Promise((resolve) => this.#parts.post(resolve))
  }

  /** A number never given before: what an older generation of a slot left in flight is told apart by it. */
  nextGeneration(): number {
    this.#generation = (this.#generation + 1) | 0
    return this.#generation
  }

  /** The address of a broker by its id, for messages. */
  brokerName(id: number): string {
    return this.#brokers.get(id) ?? `node ${id}`
  }

  /** Share of time each thread was busy. */
  busy(): Record<string, number> {
    return this.#parts.busy()
  }

  /** Opens a reader: an iteration or a consumer. */
  openReader(settings: ReaderSettings): ReaderHandle {
    if (this.#dead !== undefined) throw this.#dead
    const id = this.#freeReaders.pop() ?? this.#readersMade++
    if (id >= READERS_MAX) {
      throw new InvalidOption('TOO_MANY_READERS', `at most ${READERS_MAX} iterations and consumers can be open at once`)
    }
    const slots: number[] = []
    const spare: number[] = []
    let open = true
    this.memory.countReader(1)
    this.#post({ type: 'openReader', reader: id, settings })
    return {
      id,
      slot: (owner) => {
        const slot = this.#takeSlot(owner, spare.pop())
        if (!slots.includes(slot)) slots.push(slot)
        return slot
      },
      free: (gone) => {
        this.#post({ type: 'unassign', reader: id, slots: gone })
        for (const slot of gone) {
          this.#hub.disown(slot)
          this.#owners.delete(slot)
        }
        spare.push(...gone)
      },
      assign: (cursors) => this.#post({ type: 'assign', reader: id, cursors }),
      seek: (slot, generation, position) => this.#post({ type: 'seek', reader: id, slot, generation, position }),
      unassign: (gone) => this.#post({ type: 'unassign', reader: id, slots: gone }),
      logEnds: (slot) => (open ? this.memory.logEnds(slot) : undefined),
      close: () => {
        open = false
        return this.#closeReader(id, slots)
      },
    }
  }

  /** @internal What a pool of workers with user code needs. */
  poolHost(): PoolHost {
    const { startProcessor, workersMax } = this.#parts
    return {
      memory: this.memory,
      clock: this.clock,
      workersMax,
      startProcessor,
      nextWorker: () => {
        const place = this.#freePlaces.pop() ?? this.#placesMade++
        if (place >= DECODERS_MAX)
          throw new InvalidOption('TOO_MANY_WORKERS', `at most ${DECODERS_MAX} workers can run`)
        return { id: this.#workersMade++, place }
      },
      freePlace: (place) => this.#freePlaces.push(place),
      give: (worker, take) => this.#hub.give(worker, take),
      freed: (reader) => this.#hub.freed(reader),
      call: (call) => this.call(call, { timeoutMs: CLOSE_MS }),
    }
  }

  /** Ends the engine: pending calls reject with Closed, threads stop. */
  async close(): Promise<void> {
    if (this.#dead === undefined) {
      const closing = this.#calls.call({ op: 'close' }, { timeoutMs: CLOSE_MS })
      this.#dead = new Closed('CLOSED', 'this Kafka instance was closed')
      await closing.catch(() => undefined)
    }
    this.#died(this.#dead)
    this.#parts.mainBell.stop()
    this.#parts.io.close()
    await this.#parts.stop()
  }

  async #closeReader(id: number, slots: number[]): Promise<void> {
    for (const slot of slots) {
      this.#hub.disown(slot)
      this.#owners.delete(slot)
    }
    if (this.#dead !== undefined) return
    const closing = this.call({ op: 'closeReader', reader: id }, { timeoutMs: CLOSE_MS })
    const closed = await closing.then(
      () => true,
      () => false,
    )
    this.memory.countReader(-1)
    // Its numbers may still be in use over there: they are not given again.
    if (!closed) return
    this.#freeReaders.push(id)
    // What the workers still hold of these slots is released by the hub; generations tell old from new.
    this.#freeSlots.push(...slots)
  }

  #takeSlot(owner: PartitionOwner, spare: number | undefined): number {
    const slot = spare ?? this.#freeSlots.pop() ?? this.#slotsMade++
    if (slot >= SLOTS_MAX) {
      throw new InvalidOption('TOO_MANY_PARTITIONS', `at most ${SLOTS_MAX} partitions can be read at once`)
    }
    this.#owners.set(slot, owner)
    this.memory.setLogEnds(slot, -1, -1)
    this.#hub.own(slot, owner)
    return slot
  }

  #post(message: ToIo, transfer: ProducePort[] = []): void {
    if (this.#dead === undefined) this.#parts.io.post(message, transfer)
  }

  #message(message: ToMain): void {
    switch (message.type) {
      case 'reply':
        return this.#calls.answered(message.id, message.result, message.error)
      case 'broker':
        this.#brokers.set(message.id, message.address)
        return
      case 'failed': {
        const owner = this.#owners.get(message.slot)
        if (owner?.generation === message.generation) owner.failed(fromWire(message.error), message.position)
        return
      }
      case 'event':
        return this.onEvent(message.name, message.detail)
      case 'group':
        return this.groups.event(message)
      case 'produced':
      case 'producerFailed':
        return this.producers.event(message)
      case 'partitionsChanged':
        return this.producers.partitionsChanged(message.topics)
    }
  }

  #died(error: MillraceError): void {
    this.#dead ??= error
    this.#calls.failAll(error)
    this.groups.died(error)
    this.producers.died(error)
    for (const owner of [...this.#owners.values()]) owner.failed(error, Number.NEGATIVE_INFINITY)
  }
}
