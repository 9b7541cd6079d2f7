// One thread's view of the shared memory: arenas, rings, bells, counters, and the spills beside them. [shared bytes]
import { add, exchangeIf, type LongWords, load, loadLong, store, storeLong, type Words } from './atomics.ts'
import { type Layout, layoutOf, SEGMENT_BYTES, type SharedMemory, type WorkerMemory } from './layout.ts'
import { Arena, segmentsFor } from './segments.ts'
import { Spill } from './spill.ts'
import { WorkerView } from './worker-view.ts'

/** The place of the fetch arena among a block's possible homes; the decode arena of worker w is 1 + w. */
export const FETCH_ARENA = 0
/** Block homes from here on are spills. */
export const FIRST_SPILL = 1_000_000

/** What the last fetch said of a partition's log. */
export interface LogEnds {
  logStart: number
  highWatermark: number
}

/** The memory that holds a block, whichever it is. */
export type Home = Pick<Arena, 'bytes' | 'view' | 'words' | 'retain' | 'release'>

/** A thread's view of the engine's memory. Every thread makes its own from the same buffers. */
export class Memory {
  readonly layout: Layout
  readonly words: Words
  readonly fetch: Arena
  readonly #longs: LongWords
  readonly #poison: boolean
  /** What all workers together may hold. */
  readonly decodeSegments: number
  readonly #workers = new Map<number, WorkerView>()
  readonly #spills = new Map<number, Spill>()
  #list: readonly WorkerView[] = []
  #learnSpills: () => void = () => {}

  constructor(shared: SharedMemory) {
    const layout = layoutOf(shared)
    const words = new Int32Array(shared.control)
    this.layout = layout
    this.words = words
    this.#longs = new BigInt64Array(shared.control)
    this.decodeSegments = shared.decodeSegments
    this.#poison = shared.poison
    this.fetch = new Arena(shared.fetch, words, layout.fetch, {
      words,
      at: layout.fetchSums,
      room: () => layout.fetch.segments,
      poison: shared.poison,
    })
    for (const worker of shared.workers) this.addWorker(worker)
  }

  /** The workers that this thread knows. */
  get workers(): readonly WorkerView[] {
    return this.#list
  }

  /** A worker by its id; undefined when it is gone. */
  worker(id: number): WorkerView | undefined {
    return this.#workers.get(id)
  }

  /** A worker came: its memory has a place in this thread's view from here on. */
  addWorker(memory: WorkerMemory): WorkerView {
    const { words, layout } = this
    if (load(words, layout.decodersEnd) <= memory.place) store(words, layout.decodersEnd, memory.place + 1)
    const at = layout.decoderSums + 2 * memory.place
    const worker = new WorkerView(memory, { words, at, room: () => this.#decodeRoom(), poison: this.#poison })
    this.#workers.set(memory.id, worker)
    this.#list = [...this.#workers.values()]
    return worker
  }

  /** A worker is gone, and its memory with it. */
  removeWorker(id: number): void {
    this.#workers.delete(id)
    this.#list = [...this.#workers.values()]
  }

  /** Main only: the worker at this place is dead, and all that it had decoded with it. */
  clearPlace(place: number): void {
    store(this.words, this.layout.decoderSums + 2 * place, 0)
    store(this.words, this.layout.decoderSums + 2 * place + 1, 0)
  }

  /** All workers together stay within the half of the buffer that is theirs, however many pools there are. */
  #decodeRoom(): number {
    const { words, layout } = this
    let [held, detachedBytes] = [0, 0]
    for (let place = load(words, layout.decodersEnd) - 1; place >= 0; place--) {
      held += load(words, layout.decoderSums + 2 * place)
      detachedBytes += load(words, layout.decoderSums + 2 * place + 1)
    }
    return this.decodeSegments - held - segmentsFor(detachedBytes)
  }

  /** The memory of a block by its number, as descriptors carry it. */
  home(id: number): Home {
    if (id === FETCH_ARENA) return this.fetch
    if (id < FIRST_SPILL) return this.#workerOf(id - 1).decode
    if (!this.#spills.has(id)) this.#learnSpills()
    const spill = this.#spills.get(id)
    if (spill === undefined) throw new Error(`millrace invariant broken: spill ${id} was never announced`)
    return spill
  }

  #workerOf(id: number): WorkerView {
    const worker = this.#workers.get(id)
    if (worker === undefined) throw new Error(`millrace invariant broken: worker ${id} is not known here`)
    return worker
  }

  /** Spills that this thread knows, released or not. */
  get spillCount(): number {
    return this.#spills.size
  }

  /** `learn` adds the spills that other threads made: each is announced before the first descriptor that names it. */
  onMissingSpill(learn: () => void): void {
    this.#learnSpills = learn
  }

  /** Makes a spill known here. One that everyone has released already is of no use to anybody. */
  addSpill(id: number, buffer: SharedArrayBuffer): void {
    this.forgetSpills()
    const spill = new Spill(buffer, this.words)
    if (!spill.released) this.#spills.set(id, spill)
  }

  /** Lets go of spills that everyone has released: while one thread knows one, its memory stays. */
  forgetSpills(): void {
    if (this.#spills.size === 0) return
    for (const [id, spill] of this.#spills) if (spill.released) this.#spills.delete(id)
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

  /** Bytes of all arenas that are taken now, those that main copied to its heap included. */
  get heldBytes(): number {
    const arenas = [this.fetch, ...this.#list.map(({ decode }) => decode)]
    return arenas.reduce((sum, arena) => sum + arena.heldBytes, 0)
  }

  /** Bytes of the fetch arena, and of all decode arenas together. */
  get bufferBytes(): number {
    return (this.fetch.segments + this.decodeSegments) * SEGMENT_BYTES
  }

  /** The bytes of an arena that one reader may hold: with those of all others it leaves as much for a newcomer. */
  shareBytes(arena: Arena): number {
    const share = this.readersOpen <= 1 ? 0.75 : 1 / (this.readersOpen + 1)
    return Math.floor(arena.segments * share) * SEGMENT_BYTES
  }

  /** What a reader holds of an arena's bytes, there or on main's heap. */
  usedBytes(arena: Arena, reader: number): number {
    return arena.held(reader) * SEGMENT_BYTES + arena.detached(reader)
  }

  /** What is left of a reader's share of an arena, as far as others left it. Negative while it holds more than that. */
  freeBytes(arena: Arena, reader: number): number {
    const room = arena.roomSegments * SEGMENT_BYTES
    return Math.min(room, this.shareBytes(arena) - this.usedBytes(arena, reader))
  }

  /**
   * Whether a reader may claim so many bytes of an arena. One that is within its share may go over it once, so that it
   * gets on, piece by piece, however much one of its partitions holds. One that holds nothing may take what there is:
   * were batches larger than a share always spilled, one paused reader would stop all others that have such.
   */
  mayClaim(arena: Arena, reader: number, sizeBytes: number): boolean {
    const used = this.usedBytes(arena, reader)
    const share = this.shareBytes(arena)
    return sizeBytes <= share - used || (used < share && sizeBytes <= share) || used === 0
  }

  /** Bytes of a (reader, partition) that are fetched and not released. */
  slotRaw = (slot: number): number => load(this.words, this.layout.slotRaw + slot)
  /** Bytes of a (reader, partition) that are decoded and not released. */
  slotDecoded = (slot: number): number => load(this.words, this.layout.slotDecoded + slot)
  addRaw = (slot: number, bytes: number): void => void add(this.words, this.layout.slotRaw + slot, bytes)
  addDecoded = (slot: number, bytes: number): void => void add(this.words, this.layout.slotDecoded + slot, bytes)

  /** I/O: what the last fetch of a (reader, partition) said of its log. Main: -1 for both when a slot is taken. */
  setLogEnds(slot: number, logStart: number, highWatermark: number): void {
    const at = this.layout.slotLogEnds / 2 + 2 * slot
    storeLong(this.#longs, at, logStart)
    storeLong(this.#longs, at + 1, highWatermark)
  }

  /** Where the log begins, and its high watermark; undefined before the first fetch. */
  logEnds(slot: number): LogEnds | undefined {
    const at = this.layout.slotLogEnds / 2 + 2 * slot
    const [logStart, highWatermark] = [loadLong(this.#longs, at), loadLong(this.#longs, at + 1)]
    return highWatermark < 0 ? undefined : { logStart, highWatermark }
  }

  /** Claimer `who` (0 = I/O, 1 + w = worker w) found no room: whoever releases next rings its bell. */
  wantRoom(who: number): void {
    if (who === 0) store(this.words, this.layout.roomWanted, 1)
    else this.#workerOf(who - 1).wantRoom()
  }

  /**
   * The I/O thread found no room for a reader's next fetch. Where the reader's own share is used up, only its own
   * releases are waited for: a paused reader must not have the thread woken by every release of a fast one.
   */
  wantRoomFor(reader: number): void {
    const { fetch } = this
    const shareLeft = this.shareBytes(fetch) - this.usedBytes(fetch, reader)
    if (fetch.roomSegments * SEGMENT_BYTES < shareLeft) this.wantRoom(0)
    else store(this.words, this.layout.readerRoomWanted + reader, 1)
  }

  /** After a release of this reader's: whether the I/O thread is to be rung, once. */
  readerRoomWanted(reader: number): boolean {
    const at = this.layout.readerRoomWanted + reader
    const own = load(this.words, at) === 1 && exchangeIf(this.words, at, 1, 0)
    return this.roomWanted(0) || own
  }

  /** After a release: the claimers to ring, each once. */
  roomWanted(who: number): boolean {
    if (who > 0) return this.#workerOf(who - 1).roomWanted()
    const at = this.layout.roomWanted
    return load(this.words, at) === 1 && exchangeIf(this.words, at, 1, 0)
  }
}
