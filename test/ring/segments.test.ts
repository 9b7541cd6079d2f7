// An arena against a model: no two claims overlap, what is held stays, what is released comes back. [test]
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { allocateMemory, SEGMENT_BYTES } from '../../src/ring/layout.ts'
import { Memory } from '../../src/ring/memory.ts'
import type { Arena, Extent } from '../../src/ring/segments.ts'

const arenaOf = (segments: number): Arena => new Memory(allocateMemory(2 * segments * SEGMENT_BYTES, 1)).fetch

/** What the arena must know: references by segment, and who owns it. */
class Model {
  readonly references: number[]
  readonly owner: number[]
  constructor(segments: number) {
    this.references = Array.from({ length: segments }, () => 0)
    this.owner = [...this.references]
  }

  add({ start, sizeBytes }: Extent, delta: number, reader?: number): void {
    const end = Math.ceil((start + sizeBytes) / SEGMENT_BYTES)
    for (let at = Math.floor(start / SEGMENT_BYTES); at < end; at++) {
      this.references[at]! += delta
      if (reader !== undefined) this.owner[at] = reader
    }
  }

  held(reader: number): number {
    return this.references.filter((count, at) => count > 0 && this.owner[at] === reader).length
  }

  free(): number {
    return this.references.filter((count) => count === 0).length
  }

  /** The longest free run. */
  run(): number {
    let longest = 0
    let run = 0
    for (const count of this.references) {
      run = count === 0 ? run + 1 : 0
      longest = Math.max(longest, run)
    }
    return longest
  }
}

describe('an arena', () => {
  it.each([1, 2, 3, 4, 5])('agrees with a model over 5,000 random steps: seed %i', (seed) => {
    // Small ones are always full; in large ones the ring turns back early.
    const segments = seed <= 3 ? 40 : 160
    const arena = arenaOf(segments)
    const model = new Model(segments)
    const random = seededRandom(seed)
    const below = (limit: number) => Math.floor(random.next() * limit)
    const live: Extent[] = []
    const claimed = (pieces: Extent[], reader: number) => {
      for (const piece of pieces) {
        const first = piece.start / SEGMENT_BYTES
        const own = model.references.slice(first, first + Math.ceil(piece.sizeBytes / SEGMENT_BYTES))
        expect(own.every((count) => count === 0)).toBe(true)
        expect(piece.start % SEGMENT_BYTES).toBe(0)
        expect(piece.start + piece.sizeBytes).toBeLessThanOrEqual(segments * SEGMENT_BYTES)
        model.add(piece, 1, reader)
        live.push(piece)
      }
    }
    for (let step = 0; step < 5_000; step++) {
      const reader = below(3)
      const sizeBytes = 1 + below(random.next() < 0.2 ? 20 * SEGMENT_BYTES : 3 * SEGMENT_BYTES)
      const wanted = Math.ceil(sizeBytes / SEGMENT_BYTES)
      switch (below(5)) {
        case 0: {
          const pieces = arena.claimPieces(sizeBytes, reader)
          expect(pieces !== undefined).toBe(model.free() >= wanted)
          if (pieces === undefined) break
          expect(pieces.reduce((sum, piece) => sum + piece.sizeBytes, 0)).toBe(wanted * SEGMENT_BYTES)
          claimed(pieces, reader)
          break
        }
        case 1: {
          const start = arena.claim(sizeBytes, reader)
          expect(start >= 0).toBe(model.run() >= wanted)
          if (start >= 0) claimed([{ start, sizeBytes: wanted * SEGMENT_BYTES }], reader)
          break
        }
        case 2: {
          const from = live[below(live.length)]
          if (from === undefined) break
          // A batch somewhere inside, not aligned to anything.
          const start = from.start + below(from.sizeBytes)
          const part = { start, sizeBytes: 1 + below(from.start + from.sizeBytes - start) }
          arena.retain(part.start, part.sizeBytes)
          model.add(part, 1)
          live.push(part)
          break
        }
        default: {
          const [gone] = live.splice(below(live.length), 1)
          if (gone === undefined) break
          arena.release(gone.start, gone.sizeBytes)
          model.add(gone, -1)
        }
      }
      const counted = [arena.held(0), arena.held(1), arena.held(2), arena.heldSegments, arena.roomSegments]
      const right = [model.held(0), model.held(1), model.held(2), segments - model.free(), model.free()]
      if (String(counted) !== String(right)) expect(counted, `seed ${seed}, step ${step}`).toEqual(right)
    }
    for (const { start, sizeBytes } of live) arena.release(start, sizeBytes)
    expect(arena.heldSegments).toBe(0)
  })

  it('goes round: what was just released is used last', () => {
    const arena = arenaOf(8)
    const first = arena.claim(SEGMENT_BYTES, 0)
    arena.release(first, SEGMENT_BYTES)
    const starts = Array.from({ length: 8 }, () => arena.claim(SEGMENT_BYTES, 0) / SEGMENT_BYTES)
    expect(starts).toEqual([1, 2, 3, 4, 5, 6, 7, 0])
  })

  it('touches no more memory than 1 MiB beyond what is held at a time', () => {
    const arena = arenaOf(2_048)
    const random = seededRandom(7)
    const live: Extent[] = []
    let end = 0
    for (let step = 0; step < 5_000; step++) {
      const sizeBytes = (1 + Math.floor(random.next() * 8)) * SEGMENT_BYTES
      const start = arena.claim(sizeBytes, 0)
      live.push({ start, sizeBytes })
      end = Math.max(end, start + sizeBytes)
      if (live.length > 20) {
        const oldest = live.shift()!
        arena.release(oldest.start, oldest.sizeBytes)
      }
    }
    expect(end).toBeLessThanOrEqual((21 * 8 + 64 + 8) * SEGMENT_BYTES)
  })

  it('skips what is held, in as few pieces as that allows', () => {
    const arena = arenaOf(8)
    const starts = Array.from({ length: 8 }, () => arena.claim(1, 0))
    for (const at of [0, 1, 2, 4, 5, 7]) arena.release(starts[at]!, 1)
    const pieces = arena.claimPieces(6 * SEGMENT_BYTES, 1)!
    expect(pieces.map(({ start, sizeBytes }) => [start / SEGMENT_BYTES, sizeBytes / SEGMENT_BYTES])).toEqual([
      [0, 3],
      [4, 2],
      [7, 1],
    ])
    expect(arena.claim(1, 1)).toBe(-1)
    expect(arena.claimPieces(1, 1)).toBeUndefined()
  })

  it('gives the unused end of a claimed run back, but never all of it', () => {
    const arena = arenaOf(8)
    const start = arena.claim(5 * SEGMENT_BYTES, 0)
    expect(arena.shrink(start, 5 * SEGMENT_BYTES, SEGMENT_BYTES + 1)).toBe(2 * SEGMENT_BYTES)
    expect(arena.held(0)).toBe(2)
    expect(arena.shrink(start, 2 * SEGMENT_BYTES, 0)).toBe(SEGMENT_BYTES)
    arena.release(start, SEGMENT_BYTES)
    expect(arena.heldSegments).toBe(0)
  })

  it('refuses a release too many', () => {
    const arena = arenaOf(4)
    const start = arena.claim(1, 0)
    arena.release(start, 1)
    expect(() => arena.release(start, 1)).toThrow('released once')
    expect(() => arena.retain(start + SEGMENT_BYTES, 1)).toThrow('held')
  })

  it('counts what was moved to the heap as if it still lay there', () => {
    const arena = arenaOf(8)
    arena.addDetached(3, 5 * SEGMENT_BYTES - 1)
    expect([arena.detached(3), arena.roomSegments]).toEqual([5 * SEGMENT_BYTES - 1, 3])
    expect(arena.claim(4 * SEGMENT_BYTES, 0)).toBe(-1)
    expect(arena.claimPieces(4 * SEGMENT_BYTES, 0)).toBeUndefined()
    expect(arena.claim(3 * SEGMENT_BYTES, 0)).toBeGreaterThanOrEqual(0)
    arena.addDetached(3, -(5 * SEGMENT_BYTES - 1))
    expect(arena.roomSegments).toBe(5)
  })
})
