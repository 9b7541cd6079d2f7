// What a worker with user code tells main about its batches, in order, whether main's ring has room or not.
// [workers with a processor]
import { Fifo } from '../base/fifo.ts'
import type { Words } from '../ring/atomics.ts'
import { putMeasure } from '../ring/batch-measure.ts'
import { Field, Kind, putLong } from '../ring/descriptor.ts'
import { DESCRIPTOR_WORDS } from '../ring/layout.ts'
import type { Ledger } from '../ring/ledger.ts'
import type { WorkerView } from '../ring/worker-view.ts'
import type { WorkedBatch } from './worked-batch.ts'

/** What it works with. */
export interface DeskParts {
  worker: WorkerView
  ledger: Ledger
  /** Wakes main. */
  ringMain(): void
  /** There is room in decode memory again. */
  roomMade(): void
}

/** A descriptor for main, and the entry whose bytes it hands over, if any. */
interface Report {
  words: Int32Array
  entry: number | undefined
}

/** Which offsets are done; none when there are none. */
interface Done {
  slot: number
  generation: number
  first: number
  end: number
}

/** One a worker. */
export class ReportDesk {
  readonly #parts: DeskParts
  /** What main's ring had no room for. */
  readonly #outbox = new Fifo<Report | (() => void)>()
  /** Batches with acks that main was not told of. */
  readonly #news = new Set<WorkedBatch>()

  constructor(parts: DeskParts) {
    this.#parts = parts
  }

  /** Main's ring had room for everything. */
  get clear(): boolean {
    return this.#outbox.length === 0
  }

  /** A batch is here. When its records were decompressed its bytes go to main at once; else gives their entry. */
  taken(from: Words): number | undefined {
    const words = from.slice(0, DESCRIPTOR_WORDS)
    const entry = from[Field.entry]!
    const inPlace = from[Field.bytesSize]! > 0
    words[Field.recordsHome] = from[Field.kind]!
    words[Field.kind] = Kind.taken
    words[Field.blockSize] = 0
    words.fill(0, Field.bytesHome, Field.bytesSize + 1)
    this.#send({ words, entry: inPlace ? undefined : entry })
    return inPlace ? entry : undefined
  }

  /** More of a batch is processed: main hears of it when user code lets go of the thread. */
  progressed(batch: WorkedBatch): void {
    if (this.#news.size === 0) queueMicrotask(() => this.tell())
    this.#news.add(batch)
  }

  /** Tells all that is known. */
  tell(): void {
    for (const batch of this.#news) this.#report(batch, undefined)
    this.#news.clear()
  }

  /** Nothing is left of a batch: what main was not told of goes with its bytes. */
  closed(batch: WorkedBatch): void {
    this.#news.delete(batch)
    this.#report(batch, batch.entry)
    this.#freed()
  }

  /** A batch without records for user code is over. */
  passed(entry: number | undefined, done: Done): void {
    this.#send({ words: wordsOf(done), entry })
    this.#freed()
  }

  /** Calls back when everything that was told so far is in main's ring. */
  whenSent(callback: () => void): void {
    if (this.clear) callback()
    else this.#outbox.push(callback)
  }

  /** Main's ring may have room again. */
  flush(): void {
    for (let next = this.#outbox.first; next !== undefined; next = this.#outbox.first) {
      if (typeof next === 'function') next()
      else if (!this.#trySend(next)) return
      this.#outbox.shift()
    }
  }

  #freed(): void {
    const { worker, roomMade } = this.#parts
    if (worker.roomWanted()) roomMade()
  }

  #report(batch: WorkedBatch, entry: number | undefined): void {
    const { place, reportedTo: first, floor: end, stale } = batch
    batch.reportedTo = end
    const { slot, generation } = place
    const words = wordsOf({ slot, generation, first, end: stale ? first : end })
    if (batch.open === 0 && batch.measure !== undefined && !stale) putMeasure(words, 0, batch.measure)
    this.#send({ words, entry })
  }

  #send(report: Report): void {
    if (!this.clear || !this.#trySend(report)) this.#outbox.push(report)
  }

  #trySend({ words, entry }: Report): boolean {
    const { worker, ledger, ringMain } = this.#parts
    const ring = worker.toMain
    let to = ring.claim()
    if (to < 0) {
      // Asked for before looking again: main may have drained the ring in between.
      worker.wantRoom()
      to = ring.claim()
      if (to < 0) return false
    }
    if (entry !== undefined) ledger.describe(entry, words, 0)
    ring.words.set(words, to)
    if (entry !== undefined) ledger.handing(entry)
    ring.commit()
    if (entry !== undefined) ledger.handed(entry)
    ringMain()
    return true
  }
}

function wordsOf({ slot, generation, first, end }: Done): Int32Array {
  const words = new Int32Array(DESCRIPTOR_WORDS)
  words[Field.slot] = slot
  words[Field.generation] = generation
  words[Field.kind] = Kind.processed
  putLong(words, Field.baseOffset, first)
  words[Field.nextDelta] = end - first
  words[Field.count] = end > first ? 1 : 0
  return words
}
