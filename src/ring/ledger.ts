// What a worker that runs user code has of the fetch arena, written down so that its death loses none. [shared bytes]
//
// A worker never drops references to fetched bytes: it hands them to main through its ring. So each block is at every
// moment in exactly one place, whenever the thread dies: in the ring to the worker (its head has not passed it), in
// the ledger, or in the ring to main (its tail has passed it). An entry says which counts of head and tail decide.
import { load, store, type Words } from './atomics.ts'
import { Field, getLong, putLong } from './descriptor.ts'
import { LEDGER_ENTRIES, LEDGER_WORDS } from './layout.ts'
import type { WorkerView } from './worker-view.ts'

const STATE = 0
const TAKEN_AS = 1
const HANDED_AS = 2
const SLOT = 3
const HOME = 4
const START = 5
const SIZE = 6
const NEXT_DELTA = 7
const BASE_OFFSET = 8
const GENERATION = 10

const FREE = 0
const HELD = 1
const RUNNING = 2
const HANDED = 3

/** A batch that a dead worker had. */
export interface LedgerEntry {
  slot: number
  generation: number
  home: number
  start: number
  size: number
  baseOffset: number
  nextOffset: number
  /** User code was at work on it. */
  running: boolean
}

/** The ledger of one worker. */
export class Ledger {
  readonly #worker: WorkerView
  readonly #words: Words
  readonly #free: number[] = []

  constructor(worker: WorkerView) {
    this.#worker = worker
    this.#words = worker.words
    for (let i = LEDGER_ENTRIES - 1; i >= 0; i--) this.#free.push(worker.layout.ledger + i * LEDGER_WORDS)
  }

  /** Worker: whether one more batch may be taken. */
  get hasRoom(): boolean {
    return this.#free.length > 0
  }

  /** Worker: writes the descriptor at the head of its ring down, before it leaves the ring; the entry's number. */
  take(at: number): number {
    const words = this.#words
    const entry = this.#free.pop()!
    words[entry + TAKEN_AS] = this.#worker.toWorker.head
    words[entry + SLOT] = words[at + Field.slot]!
    words[entry + GENERATION] = words[at + Field.generation]!
    words[entry + HOME] = words[at + Field.bytesHome]!
    words[entry + START] = words[at + Field.bytesStart]!
    words[entry + SIZE] = words[at + Field.bytesSize]!
    words[entry + NEXT_DELTA] = words[at + Field.nextDelta]!
    putLong(words, entry + BASE_OFFSET, getLong(words, at + Field.baseOffset))
    store(words, entry + STATE, HELD)
    return entry
  }

  /** Worker: user code begins with it. */
  runs(entry: number): void {
    if (load(this.#words, entry + STATE) === HELD) store(this.#words, entry + STATE, RUNNING)
  }

  /** Worker: user code has ended, well or not. */
  rests(entry: number): void {
    if (load(this.#words, entry + STATE) === RUNNING) store(this.#words, entry + STATE, HELD)
  }

  /** Worker: the descriptor claimed in the ring to main takes the bytes over once it is committed. */
  handing(entry: number): void {
    this.#words[entry + HANDED_AS] = this.#worker.toMain.tail
    store(this.#words, entry + STATE, HANDED)
  }

  /** Worker: that descriptor is committed. */
  handed(entry: number): void {
    store(this.#words, entry + STATE, FREE)
    this.#free.push(entry)
  }

  /** Worker: that descriptor is committed, and the batch goes on without its bytes. */
  emptied(entry: number): void {
    this.#words[entry + SIZE] = 0
    store(this.#words, entry + STATE, HELD)
  }

  /** Worker: the bytes of an entry, as a descriptor for main names them. */
  describe(entry: number, words: Words, to: number): void {
    words[to + Field.bytesHome] = this.#words[entry + HOME]!
    words[to + Field.bytesStart] = this.#words[entry + START]!
    words[to + Field.bytesSize] = this.#words[entry + SIZE]!
  }

  /** Main, when the worker is dead: what it had, and neither ring has. */
  left(): LedgerEntry[] {
    const { toWorker, toMain, layout } = this.#worker
    const words = this.#words
    const left: LedgerEntry[] = []
    for (let i = 0; i < LEDGER_ENTRIES; i++) {
      const at = layout.ledger + i * LEDGER_WORDS
      const state = load(words, at + STATE)
      if (state === FREE) continue
      const inRing = ((toWorker.head - words[at + TAKEN_AS]!) | 0) <= 0
      const handed = state === HANDED && ((toMain.tail - words[at + HANDED_AS]!) | 0) > 0
      if (inRing || handed) continue
      const baseOffset = getLong(words, at + BASE_OFFSET)
      left.push({
        slot: words[at + SLOT]!,
        generation: words[at + GENERATION]!,
        home: words[at + HOME]!,
        start: words[at + START]!,
        size: words[at + SIZE]!,
        baseOffset,
        nextOffset: baseOffset + (words[at + NEXT_DELTA]! >>> 0),
        running: state === RUNNING,
      })
    }
    return left
  }
}
