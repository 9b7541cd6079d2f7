// One thread's view of the shared memory: arenas, rings, bells, counters, and the spills beside them. [shared bytes]
import { add, exchangeIf, load, store, type Words } from './atomics.ts'
import { type Layout, layoutOf, SEGMENT_BYTES, type SharedMemory } from './layout.ts'
import { Arena } from './segments.ts'
import { Spill } from './spill.ts'
import { Spsc } from './spsc.ts'

/** The place of the fetch arena among a block's possible homes; worker w's decode arena is 1 + w. */
export const FETCH_ARENA = 0
/** Block homes from here on are spills. */
export const FIRST_SPILL = 1_000

/** The memory that holds a block, whichever it is. */
export type Home = Pick<Arena, 'bytes' | 'view' | 'words' | 'retain' | 'release'>

/** A thread's view of the engine's memory. Every thread makes its own from the same buffers. */
export class Memory {
  readonly layout: Layout
  readonly words: Words
  readonly fetch: Arena
  readonly decode: Arena[]
  readonly toWorker: Spsc[]
  readonly toMain: Spsc[]
  readonly workers: number
  readonly #spills = new Map<number, Spill>()
  #findSpill: (id: number) => SharedArrayBuffer | undefined = () => undefined

  constructor(shared: SharedMemory) {
    const layout = layoutOf(shared.shape)
    const words = new Int32Array(shared.control)
    this.layout = layout
    this.words = words
    this.workers = shared.shape.workers
    this.fetch = new Arena(shared.fetch, words, layout.fetch)
    this.decode = shared.decode.map((memory, w) => new Arena(memory, words, layout.decode[w]!))
    this.toWorker = layout.toWorker.map((at) => new Spsc(words, at))
    this.toMain = layout.toMain.map((at) => new Spsc(words, at))
  }

  /** The memory of a block by its number, as descriptors carry it. */
  home(id: number): Home {
    if (id === FETCH_ARENA) return this.fetch
    if (id < FIRST_SPILL) return this.decode[id - 1]!
    let spill = this.#spills.get(id)
    if (spill === undefined) {
      const buffer = this.#findSpill(id)
      if (buffer === undefined) throw new Error(`millrace invariant broken: spill ${id} was never announced`)
      spill = this.addSpill(id, buffer)
    }
    return spill
  }

  /** How this thread gets a spill that another one made: it is announced before the first descriptor that names it. */
  onMissingSpill(find: (id: number) => SharedArrayBuffer | undefined): void {
    this.#findSpill = find
  }

  /** Makes a spill known here, and forgets those that everyone has released. */
  addSpill(id: number, buffer: SharedArrayBuffer): Spill {
    for (const [old, spill] of this.#spills) if (spill.released) this.#spills.delete(old)
    const spill = new Spill(buffer, this.words)
    this.#spills.set(id, spill)
    return spill
  }

  // --- credit -----------------------------------------------------------------------------------------------------

  /** How many readers share the memory now. */
  get readersOpen(): number {
    return load(this.words, this.layout.readersOpen)
  }

  /** Main only: a reader came (+1) or went (-1). */
  countReader(delta: 1 | -1): void {
    add(this.words, this.layout.readersOpen, delta)
  }

  /** The bytes of an arena that one reader may hold: its share, and never all, so that a newcomer finds some. */
  shareBytes(arena: Arena): number {
    const share = Math.min(0.75, 1 / Math.max(1, this.readersOpen))
    return Math.floor(arena.segments * share) * SEGMENT_BYTES
  }

  /** What is left of a reader's share of an arena. Negative while its share shrank below what it holds. */
  freeBytes(arena: Arena, reader: number): number {
    const detached = arena === this.fetch ? load(this.words, this.layout.detached + reader) : 0
    return this.shareBytes(arena) - arena.held(reader) * SEGMENT_BYTES - detached
  }

  /** Bytes of a (reader, partition) that are fetched and not released. */
  slotRaw = (slot: number): number => load(this.words, this.layout.slotRaw + slot)
  /** Bytes of a (reader, partition) that are decoded and not released. */
  slotDecoded = (slot: number): number => load(this.words, this.layout.slotDecoded + slot)
  addRaw = (slot: number, bytes: number): void => void add(this.words, this.layout.slotRaw + slot, bytes)
  addDecoded = (slot: number, bytes: number): void => void add(this.words, this.layout.slotDecoded + slot, bytes)

  /** Main only: bytes of small batches that it copied to its heap, which still count as the reader's. */
  addDetached = (reader: number, bytes: number): void => void add(this.words, this.layout.detached + reader, bytes)

  /** Claimer `who` (0 = I/O, 1 + w = worker w) found no room: whoever releases next rings its bell. */
  wantRoom(who: number): void {
    store(this.words, this.layout.roomWanted[who]!, 1)
  }

  /** After a release: the claimers to ring, each once. */
  roomWanted(who: number): boolean {
    const at = this.layout.roomWanted[who]!
    return load(this.words, at) === 1 && exchangeIf(this.words, at, 1, 0)
  }
}
