// An arena of shared segments with reference counts: claimed in ring order, leased ones skipped. [shared bytes]
import { assert } from '../base/assert.ts'
import { add, load, store, type Words } from './atomics.ts'
import { type ArenaLayout, SEGMENT_BYTES } from './layout.ts'

/** A contiguous piece of an arena, in bytes. */
export interface Extent {
  start: number
  sizeBytes: number
}

/** What freed memory holds in debug mode. */
export const POISON = 0xdb

/** A ring turns back when so many segments before it are free: 1 MiB, so that what it skips is looked at rarely. */
const TURN_BACK_SEGMENTS = 64

/** How many segments so many bytes take. */
export const segmentsFor = (sizeBytes: number): number => Math.ceil(sizeBytes / SEGMENT_BYTES)

/** Where an arena keeps its two sums (segments held by all, bytes detached by all), outside its own memory. */
export interface ArenaSums {
  words: Words
  at: number
  /** Segments that all arenas of the kind together may still take. */
  room(): number
  /** Debug mode: freed segments are overwritten, so that a view that was kept is seen at once. */
  poison: boolean
}

/**
 * One arena, seen from one thread. Its owner claims; anyone who holds a reference retains and releases. Claimed
 * segments carry one reference, which the claimer drops when it has handed out references of their own.
 */
export class Arena {
  readonly bytes: Uint8Array<SharedArrayBuffer>
  readonly view: DataView<SharedArrayBuffer>
  readonly words: Int32Array<SharedArrayBuffer>
  readonly segments: number
  readonly #control: Words
  readonly #layout: ArenaLayout
  readonly #sums: ArenaSums
  #next = 0

  constructor(memory: SharedArrayBuffer, control: Words, layout: ArenaLayout, sums: ArenaSums) {
    this.bytes = new Uint8Array(memory)
    this.view = new DataView(memory)
    this.words = new Int32Array(memory)
    this.segments = layout.segments
    this.#control = control
    this.#layout = layout
    this.#sums = sums
  }

  /** Segments that a reader holds now: claimed for it and not released by everyone. */
  held(reader: number): number {
    return load(this.#control, this.#layout.held + reader)
  }

  /** Segments that anyone holds now. */
  get heldSegments(): number {
    return load(this.#sums.words, this.#sums.at)
  }

  /** Bytes that lie here, or were moved to main's heap and count as if they still did. */
  get heldBytes(): number {
    return this.heldSegments * SEGMENT_BYTES + this.#detachedByAll
  }

  /** What is free for all. What was moved to main's heap counts as if it still lay here: one bound for both. */
  get roomSegments(): number {
    const detached = segmentsFor(this.#detachedByAll)
    return Math.min(this.segments - this.heldSegments - detached, this.#sums.room())
  }

  get #detachedByAll(): number {
    return load(this.#sums.words, this.#sums.at + 1)
  }

  /** Bytes that a reader has on main's heap instead: they lay here, and count as if they still did. */
  detached(reader: number): number {
    return load(this.#control, this.#layout.detached + reader)
  }

  /** Main only: bytes went to its heap, or are given up there. */
  addDetached(reader: number, bytes: number): void {
    add(this.#control, this.#layout.detached + reader, bytes)
    add(this.#sums.words, this.#sums.at + 1, bytes)
  }

  /** Owner only: claims segments for `sizeBytes` in as few pieces as the leased ones allow, or none at all. */
  claimPieces(sizeBytes: number, reader: number): Extent[] | undefined {
    let missing = segmentsFor(sizeBytes)
    if (missing > this.roomSegments) return undefined
    const pieces: Extent[] = []
    let at = this.#start()
    for (let looked = 0; looked < this.segments && missing > 0; looked++, at = at + 1 === this.segments ? 0 : at + 1) {
      if (!this.#isFree(at)) continue
      const last = pieces[pieces.length - 1]
      if (last !== undefined && last.start + last.sizeBytes === at * SEGMENT_BYTES) last.sizeBytes += SEGMENT_BYTES
      else pieces.push({ start: at * SEGMENT_BYTES, sizeBytes: SEGMENT_BYTES })
      missing--
    }
    if (missing > 0) return undefined
    for (const piece of pieces) this.#take(piece.start / SEGMENT_BYTES, piece.sizeBytes / SEGMENT_BYTES, reader)
    this.#next = at
    return pieces
  }

  /** Owner only: claims one contiguous run for `sizeBytes`; its start in bytes, or -1 when no run is that long. */
  claim(sizeBytes: number, reader: number): number {
    const wanted = Math.max(1, segmentsFor(sizeBytes))
    if (wanted > this.roomSegments) return -1
    let run = 0
    // Twice round, less one: a run may start anywhere, but none crosses the end of the memory.
    for (let looked = 0, at = this.#start(); looked < this.segments + wanted; looked++) {
      if (at === this.segments) {
        at = 0
        run = 0
      }
      run = this.#isFree(at) ? run + 1 : 0
      at++
      if (run === wanted) {
        const first = at - wanted
        this.#take(first, wanted, reader)
        this.#next = at === this.segments ? 0 : at
        return first * SEGMENT_BYTES
      }
    }
    return -1
  }

  /** Adds a reference to every segment that these bytes touch. */
  retain(start: number, sizeBytes: number): void {
    const end = segmentsFor(start + sizeBytes)
    for (let at = Math.floor(start / SEGMENT_BYTES); at < end; at++) {
      const before = add(this.#control, this.#layout.references + at, 1)
      assert(before > 0, 'only a held segment can be retained')
    }
  }

  /** Drops a reference from every segment that these bytes touch. The last one out frees it. */
  release(start: number, sizeBytes: number): void {
    const first = Math.floor(start / SEGMENT_BYTES)
    const end = segmentsFor(start + sizeBytes)
    let freed = 0
    // All segments of a block were claimed for one reader. It is read first: a freed segment may change hands at once.
    const reader = load(this.#control, this.#layout.owner + first)
    for (let at = first; at < end; at++) {
      if (this.#sums.poison) this.#poison(at)
      const before = add(this.#control, this.#layout.references + at, -1)
      assert(before > 0, 'a segment is released once a reference')
      if (before === 1) freed++
    }
    if (freed === 0) return
    add(this.#control, this.#layout.held + reader, -freed)
    add(this.#sums.words, this.#sums.at, -freed)
  }

  /** Owner only: gives back the segments of a run that `usedBytes` do not touch; returns the size it has now. */
  shrink(start: number, sizeBytes: number, usedBytes: number): number {
    const kept = Math.max(1, segmentsFor(usedBytes)) * SEGMENT_BYTES
    if (kept >= sizeBytes) return sizeBytes
    this.release(start + kept, sizeBytes - kept)
    return kept
  }

  /** While the last reference is ours, nobody else may touch the segment. */
  #poison(segment: number): void {
    if (load(this.#control, this.#layout.references + segment) !== 1) return
    this.bytes.fill(POISON, segment * SEGMENT_BYTES, (segment + 1) * SEGMENT_BYTES)
  }

  /**
   * Where to look for room first: after what was claimed last, or from the beginning once enough that lies before is
   * free. So the ring is no longer than what is held at a time, and memory that is never needed is never touched.
   */
  #start(): number {
    return this.heldSegments + TURN_BACK_SEGMENTS > this.#next ? this.#next : 0
  }

  #isFree(segment: number): boolean {
    return load(this.#control, this.#layout.references + segment) === 0
  }

  #take(first: number, count: number, reader: number): void {
    add(this.#control, this.#layout.held + reader, count)
    add(this.#sums.words, this.#sums.at, count)
    for (let at = first; at < first + count; at++) {
      store(this.#control, this.#layout.owner + at, reader)
      store(this.#control, this.#layout.references + at, 1)
    }
  }
}
