// The shared memory of one Kafka instance, drawn: who writes each word, and where it lies. [shared bytes]
//
//  control (Int32 words)                                                  written by
//  +------------------------------------------------------------------+
//  | counters   readers open · raw spill held · decode spill held ·   |   main; claimer sets, releaser clears
//  |            claimers waiting for room (I/O, then one a worker)    |   claimer sets, releaser clears
//  | doorbells  (sequence, waiting, late) for main, I/O, each worker  |   any rings, its owner waits
//  | arenas     fetch, then one a worker:                             |
//  |            held[reader] · references[segment] · owner[segment]   |   claimer +, any thread -
//  |            detached[reader]: bytes moved to main's heap          |   main
//  |            segments held by all · bytes detached by all          |   as their parts
//  | slots      raw[slot] · decoded[slot]: bytes not yet released     |   claimer +, releaser -
//  | rings      I/O -> worker w, worker w -> main:                    |   head: consumer, tail: producer
//  |            head, tail (a cache line each), then descriptors      |
//  +------------------------------------------------------------------+
//  fetch bytes      16 KiB segments; the I/O thread claims, socket reads land here, whoever is last releases
//  decode bytes[w]  16 KiB segments; worker w claims, decompressed records and indexes land here, main releases
//
//  A segment is free when its reference count is 0. Only an arena's owner turns 0 into 1 (claim); any thread that
//  holds a reference may add one (retain) or drop one (release).

/** A segment is the unit of claiming: small, so that a held batch pins little beside itself. */
export const SEGMENT_BYTES = 16_384
/** Readers (iterations and consumers) open at once; each costs a word an arena. */
export const READERS_MAX = 1_024
/** (reader, partition) pairs open at once; each costs two words. */
export const SLOTS_MAX = 65_536
/** Descriptors a ring holds: enough for 64 MiB of 64 KiB batches; a full ring is back-pressure, not an error. */
export const RING_CAPACITY = 1_024
/** One descriptor: two cache lines. */
export const DESCRIPTOR_WORDS = 32
const CACHE_LINE_WORDS = 16

/** What a memory is made for. */
export interface Shape {
  workers: number
  fetchSegments: number
  decodeSegments: number
}

/** Word offsets of one arena inside the control words. */
export interface ArenaLayout {
  held: number
  detached: number
  heldByAll: number
  detachedByAll: number
  references: number
  owner: number
  segments: number
}

/** Word offsets of everything inside the control words. */
export interface Layout {
  readersOpen: number
  rawSpill: number
  decodeSpill: number
  /** Index 0 is the I/O thread, 1 + w is worker w. */
  roomWanted: number[]
  /** By reader: the I/O thread waits for this reader's own releases, and no other's help it. */
  readerRoomWanted: number
  mainBell: number
  ioBell: number
  workerBells: number[]
  fetch: ArenaLayout
  decode: ArenaLayout[]
  slotRaw: number
  slotDecoded: number
  toWorker: number[]
  toMain: number[]
  words: number
}

/** The buffers that all threads of one Kafka instance share. */
export interface SharedMemory {
  shape: Shape
  control: SharedArrayBuffer
  fetch: SharedArrayBuffer
  decode: SharedArrayBuffer[]
}

/** Lays the control words out; every part starts on a cache line of its own. */
export function layoutOf(shape: Shape): Layout {
  let next = 0
  const take = (words: number) => {
    const at = next
    next += Math.ceil(words / CACHE_LINE_WORDS) * CACHE_LINE_WORDS
    return at
  }
  const each = <T>(make: () => T) => Array.from({ length: shape.workers }, make)
  const arena = (segments: number): ArenaLayout => ({
    held: take(READERS_MAX),
    detached: take(READERS_MAX),
    heldByAll: take(1),
    detachedByAll: take(1),
    references: take(segments),
    owner: take(segments),
    segments,
  })
  const bell = () => take(3)
  const ring = () => take(2 * CACHE_LINE_WORDS + RING_CAPACITY * DESCRIPTOR_WORDS)
  return {
    readersOpen: take(1),
    rawSpill: take(1),
    decodeSpill: take(1),
    roomWanted: [take(1), ...each(() => take(1))],
    readerRoomWanted: take(READERS_MAX),
    mainBell: bell(),
    ioBell: bell(),
    workerBells: each(bell),
    fetch: arena(shape.fetchSegments),
    decode: each(() => arena(shape.decodeSegments)),
    slotRaw: take(SLOTS_MAX),
    slotDecoded: take(SLOTS_MAX),
    toWorker: each(ring),
    toMain: each(ring),
    words: next,
  }
}

/** Word offsets inside one ring. */
export const RING_HEAD = 0
export const RING_TAIL = CACHE_LINE_WORDS
export const RING_DESCRIPTORS = 2 * CACHE_LINE_WORDS

/** Allocates the shared memory for `bufferBytes`: half for fetched bytes, half for what workers decode. */
export function allocateMemory(bufferBytes: number, workers: number): SharedMemory {
  const fetchSegments = Math.max(4, Math.floor(bufferBytes / 2 / SEGMENT_BYTES))
  const decodeSegments = Math.max(4, Math.floor(bufferBytes / 2 / workers / SEGMENT_BYTES))
  const shape = { workers, fetchSegments, decodeSegments }
  return {
    shape,
    control: new SharedArrayBuffer(layoutOf(shape).words * 4),
    fetch: new SharedArrayBuffer(fetchSegments * SEGMENT_BYTES),
    decode: Array.from({ length: workers }, () => new SharedArrayBuffer(decodeSegments * SEGMENT_BYTES)),
  }
}
