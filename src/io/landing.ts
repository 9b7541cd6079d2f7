// The memory one Fetch response lands in: pieces of the fetch arena, or one spill. [I/O thread]
import { assert } from '../base/assert.ts'
import { SEGMENT_BYTES } from '../ring/layout.ts'
import { FETCH_ARENA, type Home, type Memory } from '../ring/memory.ts'
import type { Extent } from '../ring/segments.ts'
import type { SpillDesk } from '../ring/spill.ts'

/** Bytes of a response at consecutive addresses, with a reference of their own. */
export interface Block {
  home: number
  start: number
}

/** Where one response lies. Positions are counted from its first byte; pieces say where that is in memory. */
export class Landing {
  readonly sizeBytes: number
  readonly homeId: number
  readonly home: Home
  readonly #memory: Memory
  readonly #reader: number
  readonly #pieces: Extent[]
  /** Bytes that have arrived. */
  written = 0
  #writing = 0
  #writtenInPiece = 0
  /** Bytes at the start whose segments were given back. */
  #givenBack = 0

  private constructor(memory: Memory, reader: number, homeId: number, pieces: Extent[], sizeBytes: number) {
    this.#memory = memory
    this.#reader = reader
    this.homeId = homeId
    this.home = memory.home(homeId)
    this.#pieces = pieces
    this.sizeBytes = sizeBytes
  }

  /** Claims room for a response, of which so much was reserved, or says that there is none now. */
  static claim(
    memory: Memory,
    spills: SpillDesk,
    reader: number,
    sizeBytes: number,
    reservedBytes = 0,
  ): Landing | undefined {
    // What was reserved is kept, also when newcomers made the share smaller since.
    if (sizeBytes <= reservedBytes || memory.mayClaim(memory.fetch, reader, sizeBytes)) {
      const pieces = memory.fetch.claimPieces(sizeBytes, reader)
      if (pieces !== undefined) return new Landing(memory, reader, FETCH_ARENA, pieces, sizeBytes)
    }
    // Larger than what was reserved: a broker sends at least one batch, however large.
    const spill = spills.open(sizeBytes, memory.layout.rawSpill)
    if (spill === undefined) return undefined
    return new Landing(memory, reader, spill, [{ start: 0, sizeBytes }], sizeBytes)
  }

  /** Room for the bytes that come next. */
  buffer(): Uint8Array {
    const piece = this.#pieces[this.#writing]!
    const start = piece.start + this.#writtenInPiece
    const room = Math.min(piece.sizeBytes - this.#writtenInPiece, this.sizeBytes - this.written)
    return this.home.bytes.subarray(start, start + room)
  }

  /** Bytes came. */
  received(count: number): void {
    this.written += count
    this.#writtenInPiece += count
    assert(this.written <= this.sizeBytes, 'a response stays within its landing')
    if (this.#writtenInPiece === this.#pieces[this.#writing]!.sizeBytes && this.#writing + 1 < this.#pieces.length) {
      this.#writing++
      this.#writtenInPiece = 0
    }
  }

  /** Where a position lies in memory, and how many bytes follow it there. */
  locate(position: number): Extent {
    let before = 0
    for (const { start, sizeBytes } of this.#pieces) {
      if (position < before + sizeBytes) {
        return { start: start + position - before, sizeBytes: before + sizeBytes - position }
      }
      before += sizeBytes
    }
    return { start: 0, sizeBytes: 0 }
  }

  /** Copies bytes out, across pieces. */
  copy(position: number, target: Uint8Array): void {
    for (let done = 0; done < target.length; ) {
      const { start, sizeBytes } = this.locate(position + done)
      const count = Math.min(sizeBytes, target.length - done)
      target.set(this.home.bytes.subarray(start, start + count), done)
      done += count
    }
  }

  /**
   * A reference of its own to consecutive bytes; undefined while there is no room for the copy that a batch across
   * two pieces needs.
   */
  lease(position: number, sizeBytes: number, spills: SpillDesk): Block | undefined {
    const { start, sizeBytes: follows } = this.locate(position)
    if (sizeBytes <= follows) {
      this.home.retain(start, sizeBytes)
      return { home: this.homeId, start }
    }
    const claimed = this.#memory.fetch.claim(sizeBytes, this.#reader)
    const home = claimed < 0 ? spills.open(sizeBytes, this.#memory.layout.rawSpill) : FETCH_ARENA
    if (home === undefined) return undefined
    const copy = Math.max(0, claimed)
    this.copy(position, this.#memory.home(home).bytes.subarray(copy, copy + sizeBytes))
    return { home, start: copy }
  }

  /** Nothing before this position is read again: what lies there is held by its batches alone from here on. */
  passed(position: number): void {
    if (this.homeId !== FETCH_ARENA) return
    for (; this.#givenBack + SEGMENT_BYTES <= position; this.#givenBack += SEGMENT_BYTES) {
      this.home.release(this.locate(this.#givenBack).start, SEGMENT_BYTES)
    }
  }

  /** Drops the landing's own reference; batches keep theirs. */
  release(): void {
    let before = 0
    for (const { start, sizeBytes } of this.#pieces) {
      const gone = Math.min(sizeBytes, Math.max(0, this.#givenBack - before))
      if (gone < sizeBytes) this.home.release(start + gone, sizeBytes - gone)
      before += sizeBytes
    }
  }
}
