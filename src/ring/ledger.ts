// What a worker that runs user code has of the fetch arena, written down so that its death loses none. [shared bytes]
//
// A worker never drops references to fetched bytes: it hands them to main through its ring. So each block is at every
// moment in exactly one place, whenever the thread dies: in the ring to the worker (its head has not passed it), in
// the ledger, or in the ring to main (its tail has passed it). An entry says which counts of head and tail decide.
// A note, in the same table, says which user code is at work: what a death is counted against.
import { assert } from '../base/assert.ts'
import { load, store, type Words } from './atomics.ts'
import { Field, getLong, putLong } from './descriptor.ts'
import { LEDGER_WORDS } from './layout.ts'
import type { WorkerView } from './worker-view.ts'

const STATE = 0
/** Of an entry. */
const TAKEN_AS = 1
const HANDED_AS = 2
const SLOT = 3
const HOME = 4
const START = 5
const SIZE = 6
/** Of a note. */
const SEQUENCE = 1
const GENERATION = 2
const BASE_OFFSET = 4

const FREE = 0
const HELD = 1
const RUNNING = 2
const HANDED = 3

/** Fetched bytes that a dead worker had. */
export interface LedgerEntry {
  slot: number
  home: number
  start: number
  size: number
}

/** User code at work. */
export interface RunningNote {
  slot: number
  generation: number
  /** The first record that it was given. */
  offset: number
  /** Another one for each call of user code, in one worker. */
  sequence: number
}

/** The ledger of one worker. */
export class Ledger {
  readonly #worker: WorkerView
  readonly #words: Words
  readonly #notes: Rows
  readonly #entries: Rows
  #sequence = 0

  constructor(worker: WorkerView) {
    const { words, layout, memory } = worker
    this.#worker = worker
    this.#words = words
    this.#notes = new Rows(words, layout.notes, memory.ledger.notes)
    this.#entries = new Rows(words, layout.entries, memory.ledger.entries)
  }

  /** Worker: writes the descriptor at the head of its ring down, before it leaves the ring; the entry's number. */
  take(at: number): number {
    const words = this.#words
    const entry = this.#entries.take()
    words[entry + TAKEN_AS] = this.#worker.toWorker.head
    words[entry + SLOT] = words[at + Field.slot]!
    words[entry + HOME] = words[at + Field.bytesHome]!
    words[entry + START] = words[at + Field.bytesStart]!
    words[entry + SIZE] = words[at + Field.bytesSize]!
    store(words, entry + STATE, HELD)
    return entry
  }

  /** Worker: user code begins with a batch from this offset on; the note's number. */
  begin(slot: number, generation: number, offset: number): number {
    const words = this.#words
    const note = this.#notes.take()
    words[note + SLOT] = slot
    words[note + GENERATION] = generation
    words[note + SEQUENCE] = ++this.#sequence
    putLong(words, note + BASE_OFFSET, offset)
    store(words, note + STATE, RUNNING)
    return note
  }

  /** Worker: it has ended, well or not. */
  ended(note: number): void {
    this.#notes.free(note)
  }

  /** Worker: the descriptor claimed in the ring to main takes the bytes over once it is committed. */
  handing(entry: number): void {
    this.#words[entry + HANDED_AS] = this.#worker.toMain.tail
    store(this.#words, entry + STATE, HANDED)
  }

  /** Worker: that descriptor is committed. */
  handed(entry: number): void {
    this.#entries.free(entry)
  }

  /** Worker: the bytes of an entry, as a descriptor for main names them. */
  describe(entry: number, words: Int32Array, to: number): void {
    words[to + Field.bytesHome] = this.#words[entry + HOME]!
    words[to + Field.bytesStart] = this.#words[entry + START]!
    words[to + Field.bytesSize] = this.#words[entry + SIZE]!
  }

  /** Main: the user code that is at work, or was when the worker died. */
  running(): RunningNote[] {
    const words = this.#words
    const running: RunningNote[] = []
    for (const at of this.#notes.used()) {
      if (load(words, at + STATE) !== RUNNING) continue
      const [slot, generation, sequence] = [words[at + SLOT]!, words[at + GENERATION]!, words[at + SEQUENCE]!]
      running.push({ slot, generation, sequence, offset: getLong(words, at + BASE_OFFSET) })
    }
    return running
  }

  /** Main, when the worker is dead: what it had, and neither ring has. */
  left(): LedgerEntry[] {
    const { toWorker, toMain } = this.#worker
    const words = this.#words
    const left: LedgerEntry[] = []
    for (const at of this.#entries.used()) {
      const state = load(words, at + STATE)
      if (state === FREE) continue
      const inRing = ((toWorker.head - words[at + TAKEN_AS]!) | 0) <= 0
      const handed = state === HANDED && ((toMain.tail - words[at + HANDED_AS]!) | 0) > 0
      if (inRing || handed) continue
      const [home, start, size] = [words[at + HOME]!, words[at + START]!, words[at + SIZE]!]
      left.push({ slot: words[at + SLOT]!, home, start, size })
    }
    return left
  }
}

/** A table: its first word says how many rows were ever in use, so that the others are neither written nor read. */
class Rows {
  readonly #words: Words
  readonly #at: number
  readonly #max: number
  readonly #free: number[] = []

  constructor(words: Words, at: number, max: number) {
    this.#words = words
    this.#at = at
    this.#max = max
  }

  take(): number {
    const free = this.#free.pop()
    if (free !== undefined) return free
    const used = load(this.#words, this.#at)
    assert(used < this.#max, 'a ledger has a row for whatever its worker may have at once')
    store(this.#words, this.#at, used + 1)
    return this.#row(used)
  }

  free(row: number): void {
    store(this.#words, row + STATE, FREE)
    this.#free.push(row)
  }

  *used(): Generator<number> {
    const used = load(this.#words, this.#at)
    for (let i = 0; i < used; i++) yield this.#row(i)
  }

  #row(i: number): number {
    return this.#at + (1 + i) * LEDGER_WORDS
  }
}
