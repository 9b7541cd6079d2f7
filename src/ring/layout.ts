// The shared memory of one Kafka instance, drawn: who writes each word, and where it lies. [shared bytes]
//
//  hub control (Int32 words)                                              written by
//  +------------------------------------------------------------------+
//  | counters   readers open · raw spill · decode spill (their holder)|   main; claimer sets, releaser clears
//  |            I/O waits for room                                    |   I/O sets, releaser clears
//  | doorbells  (sequence, waiting, late) for main and I/O            |   any rings, its owner waits
//  | fetch arena: held[reader] · references[segment] · owner[segment] |   claimer +, any thread -
//  |            detached[reader]: bytes moved to main's heap          |   main
//  |            segments held by all · bytes detached by all          |   as their parts
//  | decoders   the same two sums for each worker's place             |   as their parts
//  | slots      raw[slot] · decoded[slot]: bytes not yet released     |   claimer +, releaser -
//  |            log start, high watermark[slot] (Int64 each)          |   I/O; main when a slot is taken
//  +------------------------------------------------------------------+
//  fetch bytes      16 KiB segments; the I/O thread claims, socket reads land here, whoever is last releases
//
//  each worker, whose memory comes and goes with it:
//  +------------------------------------------------------------------+
//  | control    waits for room · doorbell · decode arena as above     |
//  |            rings I/O -> worker, worker -> main:                  |   head: consumer, tail: producer
//  |            head, tail (a cache line each), then descriptors      |
//  |            ledger: user code at work, fetched bytes that it has  |   the worker; main when it is dead
//  | decode bytes  16 KiB segments; the worker claims, decompressed records and indexes land here
//  +------------------------------------------------------------------+
//
//  A segment is free when its reference count is 0. Only an arena's owner turns 0 into 1 (claim); any thread that
//  holds a reference may add one (retain) or drop one (release).

/** A segment is the unit of claiming: small, so that a held batch pins little beside itself. */
export const SEGMENT_BYTES = 16_384
/** V8 copies to and from shared memory so many at a time if both sides are aligned alike, else one by one. */
export const COPY_BYTES = 8
/** Readers (iterations and consumers) open at once; each costs a word an arena. */
export const READERS_MAX = 1_024
/** (reader, partition) pairs open at once; each costs two words. */
export const SLOTS_MAX = 65_536
/** Descriptors a ring holds: enough for 64 MiB of 64 KiB batches; a full ring is back-pressure, not an error. */
export const RING_CAPACITY = 1_024
/** One descriptor: two cache lines. */
export const DESCRIPTOR_WORDS = 32
const CACHE_LINE_WORDS = 16

/** One row of a ledger: an entry or a note. */
export const LEDGER_WORDS = 8
/** Workers alive at once, of all pools. */
export const DECODERS_MAX = 64

/** Word offsets of one arena inside its control words. */
export interface ArenaLayout {
  held: number
  detached: number
  references: number
  owner: number
  segments: number
}

/** Word offsets of everything inside the hub's control words. */
export interface Layout {
  readersOpen: number
  rawSpill: number
  decodeSpill: number
  roomWanted: number
  /** By reader: the I/O thread waits for this reader's own releases, and no other's help it. */
  readerRoomWanted: number
  mainBell: number
  ioBell: number
  fetch: ArenaLayout
  /** Segments held by all, then bytes detached by all. */
  fetchSums: number
  /** How many places of decoders were ever in use. */
  decodersEnd: number
  /** The same two words for each place. */
  decoderSums: number
  slotRaw: number
  slotDecoded: number
  /** Two 64-bit numbers a slot. */
  slotLogEnds: number
  words: number
}

/** Word offsets of everything inside one worker's control words. */
export interface WorkerLayout {
  roomWanted: number
  bell: number
  decode: ArenaLayout
  toWorker: number
  toMain: number
  /** Tables of a worker with a processor: how many rows were ever in use, then the rows. */
  notes: number
  entries: number
  words: number
}

/** Rows of a ledger's tables, for as much as its worker may have at once: the ledger is never what limits it. */
export interface LedgerSize {
  /** Handlers that run. */
  notes: number
  /** Batches. */
  entries: number
}

/** What one worker shares with the others: made for it, and given up with it. */
export interface WorkerMemory {
  /** Never given twice: a late number of a dead worker's memory means nothing else. */
  id: number
  /** Its place among those alive. */
  place: number
  segments: number
  /** Of a worker with a processor. */
  ledger: LedgerSize
  control: SharedArrayBuffer
  decode: SharedArrayBuffer
}

/** The buffers that all threads of one Kafka instance share. */
export interface SharedMemory {
  fetchSegments: number
  /** What all decode arenas may hold together. */
  decodeSegments: number
  control: SharedArrayBuffer
  fetch: SharedArrayBuffer
  /** Debug mode: freed memory is overwritten. */
  poison: boolean
  /** Of the decode workers that there are from the start. */
  workers: WorkerMemory[]
}

/** Gives out words; every part starts on a cache line of its own. */
class Allotment {
  words = 0

  take(words: number): number {
    const at = this.words
    this.words += Math.ceil(words / CACHE_LINE_WORDS) * CACHE_LINE_WORDS
    return at
  }

  arena(segments: number): ArenaLayout {
    const [held, detached] = [this.take(READERS_MAX), this.take(READERS_MAX)]
    return { held, detached, references: this.take(segments), owner: this.take(segments), segments }
  }

  bell(): number {
    return this.take(3)
  }

  ring(): number {
    return this.take(2 * CACHE_LINE_WORDS + RING_CAPACITY * DESCRIPTOR_WORDS)
  }
}

/** Lays the hub's control words out. */
export function layoutOf({ fetchSegments }: Pick<SharedMemory, 'fetchSegments'>): Layout {
  const all = new Allotment()
  const layout = {
    readersOpen: all.take(1),
    rawSpill: all.take(1),
    decodeSpill: all.take(1),
    roomWanted: all.take(1),
    readerRoomWanted: all.take(READERS_MAX),
    mainBell: all.bell(),
    ioBell: all.bell(),
    fetch: all.arena(fetchSegments),
    fetchSums: all.take(2),
    decodersEnd: all.take(1),
    decoderSums: all.take(2 * DECODERS_MAX),
    slotRaw: all.take(SLOTS_MAX),
    slotDecoded: all.take(SLOTS_MAX),
    slotLogEnds: all.take(SLOTS_MAX * 4),
  }
  return { ...layout, words: all.words }
}

/** Lays a worker's control words out. */
export function workerLayoutOf({ segments, ledger }: Pick<WorkerMemory, 'segments' | 'ledger'>): WorkerLayout {
  const all = new Allotment()
  const layout = {
    roomWanted: all.take(1),
    bell: all.bell(),
    decode: all.arena(segments),
    toWorker: all.ring(),
    toMain: all.ring(),
    notes: all.take((1 + ledger.notes) * LEDGER_WORDS),
    entries: all.take((1 + ledger.entries) * LEDGER_WORDS),
  }
  return { ...layout, words: all.words }
}

const NO_LEDGER: LedgerSize = { notes: 0, entries: 0 }

/** Word offsets inside one ring. */
export const RING_HEAD = 0
export const RING_TAIL = CACHE_LINE_WORDS
export const RING_DESCRIPTORS = 2 * CACHE_LINE_WORDS

/** Allocates the shared memory for `bufferBytes`: half for fetched bytes, half for what workers decode. */
export function allocateMemory(bufferBytes: number, workers: number, poison = false): SharedMemory {
  const segments = (bytes: number) => Math.max(4, Math.floor(bytes / SEGMENT_BYTES))
  const fetchSegments = segments(bufferBytes / 2)
  const each = segments(bufferBytes / 2 / workers)
  return {
    fetchSegments,
    decodeSegments: each * workers,
    control: new SharedArrayBuffer(layoutOf({ fetchSegments }).words * 4),
    fetch: new SharedArrayBuffer(fetchSegments * SEGMENT_BYTES),
    poison,
    workers: Array.from({ length: workers }, (_, i) => allocateWorker(i, i, each)),
  }
}

/** Allocates the memory of one worker. What it never writes to costs nothing. */
export function allocateWorker(id: number, place: number, segments: number, ledger = NO_LEDGER): WorkerMemory {
  const control = new SharedArrayBuffer(workerLayoutOf({ segments, ledger }).words * 4)
  return { id, place, segments, ledger, control, decode: new SharedArrayBuffer(segments * SEGMENT_BYTES) }
}
