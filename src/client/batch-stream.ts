// The running part of an iteration: pulls batches of its partitions in the order they arrive. [main thread]

import type { Timer } from '../base/clock.ts'
import { MillraceError } from '../base/errors.ts'
import { Fifo } from '../base/fifo.ts'
import { onAbort } from '../base/on-abort.ts'
import type { ReaderSettings } from '../control/commands.ts'
import type { BatchAcks } from '../delivery/acks.ts'
import { Batch } from '../delivery/batch.ts'
import type { Lease } from '../delivery/lease.ts'
import type { RecordDecoder } from '../delivery/record-decoder.ts'
import type { Engine, ReaderHandle } from '../engine/engine.ts'
import { LeakWatch } from '../engine/leaks.ts'
import { faultError } from '../record/faults.ts'
import { Kind } from '../ring/descriptor.ts'
import { type PartitionProgress, PartitionReader } from './partition-reader.ts'
import type { ReadStats } from './read-stats.ts'

/** How a stream reads. */
export interface StreamSettings {
  reader: ReaderSettings
  /** An error of a partition: told at once, or when all others have finished. */
  failAtOnce: boolean
  /** Partitions may still come when none is left. */
  endless?: boolean | undefined
  onCorruptRecord: 'fail' | 'skip'
  decoderOf(topic: string): RecordDecoder<unknown, unknown>
  stats: ReadStats
  /** Reading goes on before where it was: the log was cut, or the position never was in it. */
  movedBack?: (progress: PartitionProgress, position: number) => void
  /** A batch is about to be given: from offset `first` to before `nextOffset`. Gives where it is acknowledged. */
  taken?: (progress: PartitionProgress, first: number, nextOffset: number) => BatchAcks
}

/** A batch, and the generation of its reader when it was taken: it may be sought past before anyone looks at it. */
export interface PulledBatch {
  reader: PartitionReader
  batch: Batch<unknown, unknown>
  generation: number
}

/** What a pull gives: a batch; 'idle' when nothing came in time; 'end' when there is nothing more. */
export type Pulled = PulledBatch | 'idle' | 'end'

/** A batch, or the error that ends its partition, in the order they came. */
interface Queued {
  reader: PartitionReader
  what: Lease | MillraceError
}

interface Waiter {
  resolve(pulled: Pulled): void
  reject(error: unknown): void
  timer: Timer | undefined
}

/** User code that never waits for anything but records has the thread for so long at a time. */
const REST_AFTER_MS = 10

/** One open reader and its queue. What is queued is bounded by the reader's credit in the engine. */
export class BatchStream {
  readonly #engine: Engine
  readonly #settings: StreamSettings
  readonly #handle: ReaderHandle
  readonly #readers = new Map<PartitionProgress, PartitionReader>()
  readonly #waiters: Waiter[] = []
  readonly #paused = new Set<PartitionReader>()
  readonly #queue = new Fifo<Queued>()
  #active = 0
  #errors: MillraceError[] = []
  #closing: Promise<void> | undefined
  #ended = false
  readonly #watch: LeakWatch | undefined
  /** When the event loop last had a turn while batches were pulled. */
  #restedAtMs: number

  constructor(engine: Engine, progress: PartitionProgress[], settings: StreamSettings) {
    this.#engine = engine
    this.#settings = settings
    this.#watch = engine.leaks && new LeakWatch(engine.leaks, engine.clock)
    this.#restedAtMs = engine.clock.now()
    this.#handle = engine.openReader(settings.reader)
    try {
      const readers = progress.filter(({ state }) => state === 'active').map((one) => this.#reader(one))
      this.#active = readers.length
      this.#assign(readers)
    } catch (error) {
      void this.#handle.close()
      throw error
    }
  }

  /** The next batch. Several pulls at once are served in order. Answers within `idleMs`, and when `ending` fires. */
  pull(idleMs: number | undefined, ending?: AbortSignal): Pulled | Promise<Pulled> {
    if (this.#waiters.length === 0) {
      const ready = this.#next()
      if (ready !== undefined) return ready
    }
    let waiter!: Waiter
    const waiting = new Promise<Pulled>((resolve, reject) => {
      waiter = { resolve, reject, timer: undefined }
      if (idleMs !== undefined) waiter.timer = this.#engine.clock.after(idleMs, () => this.#idle(waiter))
      this.#waiters.push(waiter)
    })
    const held = this.#engine.holding(waiting)
    if (ending === undefined) return held
    return held.finally(onAbort(ending, () => this.#idle(waiter)))
  }

  /**
   * A turn for the event loop, when it is time for one: a loop that always finds a record waits for promises alone,
   * and timers, signals and sockets would not be heard before all that was fetched is read.
   */
  rest(): Promise<void> | undefined {
    if (this.#engine.clock.now() - this.#restedAtMs < REST_AFTER_MS) return undefined
    return this.#engine.turn().then(() => {
      this.#restedAtMs = this.#engine.clock.now()
    })
  }

  /** More partitions. */
  add(progress: readonly PartitionProgress[]): void {
    const readers = progress.filter(({ state }) => state === 'active').map((one) => this.#reader(one))
    this.#active += readers.length
    this.#assign(readers)
  }

  /** Partitions that go for good; nothing of them is delivered. The others do not notice. */
  remove(progress: readonly PartitionProgress[]): void {
    const readers = progress.flatMap((one) => this.#readers.get(one) ?? [])
    this.#drop(readers.filter(({ progress: { state } }) => state === 'active'))
    for (const reader of readers) {
      reader.progress.state = 'stopped'
      this.#readers.delete(reader.progress)
      this.#paused.delete(reader)
    }
    this.#handle.free(readers.map(({ slot }) => slot))
  }

  /** Nothing of these partitions is delivered from here on; I/O forgets them. */
  stop(which: (progress: PartitionProgress) => boolean): void {
    const chosen = [...this.#readers.values()].filter(({ progress }) => which(progress))
    const reading = chosen.filter(({ progress }) => progress.state === 'active')
    // Also of a partition that is done: the records of its last batch may not all have been given yet.
    for (const { progress } of chosen) if (progress.state !== 'failed') progress.state = 'stopped'
    this.#drop(reading)
    this.#serve()
  }

  /** Whoever waits, or else asks next, is told of an error that is of no partition. */
  tell(error: MillraceError): void {
    this.#errors.push(error)
    this.#serve()
  }

  /** Gives a partition up with an error, which is told in its turn. */
  fail(progress: PartitionProgress, error: MillraceError): void {
    this.#arrived(this.#reader(progress), error)
  }

  /** Reads on from another offset, also where reading had failed; nothing fetched before is given. Its generation. */
  seek(progress: PartitionProgress, position: number): number {
    const reader = this.#reader(progress)
    progress.position = position
    this.#renew(reader)
    if (progress.state === 'failed') {
      progress.state = 'active'
      this.#active++
      if (!this.#paused.has(reader)) this.#assign([reader])
    } else if (!this.#paused.has(reader)) this.#handle.seek(reader.slot, reader.generation, position)
    return reader.generation
  }

  /** Fetches no more of a partition and gives back what was fetched, until `resume`. */
  pause(progress: PartitionProgress): void {
    const reader = this.#reader(progress)
    if (this.#paused.has(reader)) return
    this.#paused.add(reader)
    this.#renew(reader)
    this.#handle.unassign([reader.slot])
  }

  /** Fetches a paused partition again. */
  resume(progress: PartitionProgress): void {
    const reader = this.#reader(progress)
    if (!this.#paused.delete(reader) || progress.state !== 'active') return
    // The position may have gone back meanwhile.
    reader.restart(reader.generation)
    this.#assign([reader])
  }

  /** Frees what is queued and tells I/O; resolves when nothing is in flight any more. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const queued of this.#queue.takeAll()) discard(queued)
    this.#errors = []
    this.#watch?.close()
    this.#active = 0
    this.#ended = true
    this.#serve()
    await this.#handle.close()
  }

  /** A batch, the end, or undefined when neither is there yet. Throws the first error when its time has come. */
  #next(): Pulled | undefined {
    if (this.#settings.failAtOnce && this.#errors.length > 0) throw this.#errors.shift()!
    for (let queued = this.#queue.shift(); queued !== undefined; queued = this.#queue.shift()) {
      const { reader, what } = queued
      if (what instanceof MillraceError) this.#fail(reader, what)
      else {
        const pulled = this.#take(reader, what)
        if (pulled !== undefined) return pulled
      }
      if (this.#settings.failAtOnce && this.#errors.length > 0) throw this.#errors.shift()!
    }
    if (this.#active > 0 || (this.#settings.endless && !this.#ended)) return undefined
    const error = this.#errors.shift()
    if (error !== undefined) throw error
    return 'end'
  }

  /** Makes a batch of a lease, if any of it is to be shown. */
  #take(reader: PartitionReader, lease: Lease): Pulled | undefined {
    const { progress } = reader
    if (progress.state !== 'active' || lease.generation !== reader.generation) {
      lease.release()
      return undefined
    }
    if (lease.fault !== 0) {
      this.#corrupt(reader, lease)
      return undefined
    }
    if (lease.kind === Kind.position && lease.nextOffset < progress.position) this.#movedBack(reader, lease.nextOffset)
    const range = reader.range(lease)
    const shown = lease.kind === Kind.data && range.end > range.first
    this.#passed(reader, lease.nextOffset)
    if (!shown) {
      lease.release()
      return undefined
    }
    this.#settings.stats.took(lease, range.end - range.first, this.#engine.clock)
    this.#watch?.given(lease, progress.topic, progress.partition)
    const decoder = this.#settings.decoderOf(progress.topic)
    const acks = this.#settings.taken?.(progress, lease.offsetAt(range.first), lease.nextOffset)
    const batch = Batch.of(progress, lease, range, decoder, acks)
    return { reader, batch, generation: reader.generation }
  }

  /** The position was not in the log, or not any more: what stands before it now was not read yet. */
  #movedBack(reader: PartitionReader, position: number): void {
    reader.progress.position = position
    reader.arrivedUpTo = position
    this.#settings.movedBack?.(reader.progress, position)
  }

  /** The partition has come to this offset; at its end it is done. */
  #passed(reader: PartitionReader, nextOffset: number): void {
    const { progress } = reader
    progress.position = Math.max(progress.position, nextOffset)
    if (progress.end === undefined || progress.position < progress.end) return
    progress.state = 'done'
    this.#active--
  }

  #corrupt(reader: PartitionReader, lease: Lease): void {
    const { topic, partition } = reader.progress
    const broker = this.#engine.brokerName(lease.broker)
    const error = faultError(lease.fault, { topic, partition, broker, offset: lease.baseOffset })
    lease.release()
    if (this.#settings.onCorruptRecord === 'fail') return this.#fail(reader, error)
    this.#passed(reader, lease.nextOffset)
    this.#refetch(reader, lease.nextOffset)
  }

  /** What follows a damaged batch is fetched anew: had it been an abort marker, verdicts after it would be wrong. */
  #refetch(reader: PartitionReader, position: number): void {
    if (reader.progress.state !== 'active') return
    reader.generation = this.#engine.nextGeneration()
    this.#handle.seek(reader.slot, reader.generation, position)
  }

  #arrived(reader: PartitionReader, what: Lease | MillraceError): void {
    this.#queue.push({ reader, what })
    this.#serve()
  }

  #fail(reader: PartitionReader, error: MillraceError): void {
    if (reader.progress.state !== 'active') return
    reader.progress.state = 'failed'
    this.#errors.push(error)
    this.#drop([reader])
  }

  /** Ends partitions that are not active any more: I/O forgets them, queued batches are released when met. */
  #drop(readers: PartitionReader[]): void {
    if (readers.length === 0) return
    for (const reader of readers) {
      reader.generation = this.#engine.nextGeneration()
      this.#active--
    }
    this.#handle.unassign(readers.map(({ slot }) => slot))
    this.#discard(readers)
  }

  #discard(readers: PartitionReader[]): void {
    for (const queued of this.#queue.takeAll()) {
      if (readers.includes(queued.reader)) discard(queued)
      else this.#queue.push(queued)
    }
  }

  /** What was fetched so far is void. */
  #renew(reader: PartitionReader): void {
    reader.restart(this.#engine.nextGeneration())
    this.#discard([reader])
  }

  #assign(readers: PartitionReader[]): void {
    this.#handle.assign(
      readers.map(({ slot, generation, progress: { topic, partition, position, end } }) => {
        return { slot, generation, topic, partition, position, end }
      }),
    )
  }

  /** The reader of a partition, made when it is first spoken of. */
  #reader(progress: PartitionProgress): PartitionReader {
    let reader = this.#readers.get(progress)
    if (reader === undefined) {
      const events = {
        arrived: (to: PartitionReader, lease: Lease) => this.#arrived(to, lease),
        failed: (of: PartitionReader, error: MillraceError) => this.#arrived(of, error),
      }
      reader = new PartitionReader(progress, this.#engine.nextGeneration(), events, (owner) => this.#handle.slot(owner))
      const { slot } = reader
      progress.askEnds = () => this.#handle.logEnds(slot)
      this.#readers.set(progress, reader)
    }
    return reader
  }

  #serve(): void {
    while (this.#waiters.length > 0) {
      try {
        const ready = this.#next()
        if (ready === undefined) return
        this.#settle()?.resolve(ready)
      } catch (error) {
        this.#settle()?.reject(error)
      }
    }
  }

  #settle(): Waiter | undefined {
    const waiter = this.#waiters.shift()
    waiter?.timer?.cancel()
    return waiter
  }

  #idle(waiter: Waiter): void {
    waiter.timer?.cancel()
    const at = this.#waiters.indexOf(waiter)
    if (at >= 0) this.#waiters.splice(at, 1)
    waiter.resolve('idle')
  }
}

function discard({ what }: Queued): void {
  if (!(what instanceof MillraceError)) what.release()
}
