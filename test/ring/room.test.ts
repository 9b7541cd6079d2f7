// Who is woken when a reader gives memory back. [test]
import { beforeEach, describe, expect, it } from 'vitest'
import { allocateMemory, SEGMENT_BYTES } from '../../src/ring/layout.ts'
import { Memory } from '../../src/ring/memory.ts'

describe('the I/O thread that waits for room', () => {
  let memory: Memory
  const paused = 0
  const fast = 1

  beforeEach(() => {
    memory = new Memory(allocateMemory(64 * SEGMENT_BYTES, 1))
    memory.countReader(1)
    memory.countReader(1)
  })

  it('is not woken by a fast reader while it waits for a paused one whose share is used up', () => {
    memory.fetch.claimPieces(memory.shareBytes(memory.fetch), paused)
    memory.wantRoomFor(paused)
    expect(memory.readerRoomWanted(fast)).toBe(false)
    expect(memory.readerRoomWanted(paused)).toBe(true)
    expect(memory.readerRoomWanted(paused), 'once').toBe(false)
  })

  it('is woken by anyone while the arena itself is full', () => {
    memory.fetch.claimPieces(memory.fetch.segments * SEGMENT_BYTES, fast)
    memory.wantRoomFor(paused)
    expect(memory.readerRoomWanted(fast)).toBe(true)
  })
})
