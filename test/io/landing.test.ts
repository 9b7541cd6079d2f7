// Where one response lies: positions across pieces, references, and giving back what was walked. [test]
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { LocalSpills } from '../../src/control/spills.ts'
import { Landing } from '../../src/io/landing.ts'
import { allocateMemory, SEGMENT_BYTES } from '../../src/ring/layout.ts'
import { FIRST_SPILL, Memory } from '../../src/ring/memory.ts'
import { deliver, fragmentedMemory } from './random-landing.ts'

const numbered = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8)) & 0xff)

describe('a landing', () => {
  it.each([1, 2, 3, 4])('gives back at every position what was written there: seed %i', (seed) => {
    const random = seededRandom(seed)
    const memory = fragmentedMemory(random)
    const before = memory.fetch.heldSegments
    const bytes = numbered(1 + Math.floor(random.next() * 500_000))
    const landing = Landing.claim(memory, new LocalSpills(memory), 0, bytes.length)!
    deliver(landing, bytes, random, () => {})
    expect(landing.written).toBe(bytes.length)
    for (let i = 0; i < 200; i++) {
      const at = Math.floor(random.next() * bytes.length)
      const length = Math.floor(random.next() * (bytes.length - at))
      const copy = new Uint8Array(length)
      landing.copy(at, copy)
      expect(Buffer.from(bytes.buffer, at, length).equals(copy), `seed ${seed}, ${length} bytes at ${at}`).toBe(true)
      const { start, sizeBytes } = landing.locate(at)
      expect(landing.home.bytes[start]).toBe(bytes[at])
      expect(sizeBytes).toBeGreaterThan(0)
    }
    landing.release()
    expect(memory.fetch.heldSegments).toBe(before)
  })

  it.each([5, 6, 7])('leases hold what they need, wherever it lies, while the rest is given back: seed %i', (seed) => {
    const random = seededRandom(seed)
    const memory = fragmentedMemory(random)
    const spills = new LocalSpills(memory)
    const before = memory.fetch.heldSegments
    const bytes = numbered(400_000)
    const landing = Landing.claim(memory, spills, 0, bytes.length)!
    deliver(landing, bytes, random, () => {})
    const leases: { at: number; size: number; home: number; start: number }[] = []
    for (let at = 0; at < bytes.length; ) {
      const size = Math.min(bytes.length - at, 1 + Math.floor(random.next() * 30_000))
      leases.push({ at, size, ...landing.lease(at, size, spills)! })
      at += size
      landing.passed(at)
    }
    landing.release()
    for (const { at, size, home, start } of leases.sort(() => random.next() - 0.5)) {
      const held = memory.home(home).bytes.subarray(start, start + size)
      expect(Buffer.from(bytes.buffer, at, size).equals(held), `seed ${seed}, ${size} bytes at ${at}`).toBe(true)
      memory.home(home).release(start, size)
    }
    expect(memory.fetch.heldSegments).toBe(before)
  })

  it('gives back what was passed, segment by segment, and only that', () => {
    const memory = new Memory(allocateMemory(2_097_152, 1))
    memory.countReader(1)
    const landing = Landing.claim(memory, new LocalSpills(memory), 0, 10 * SEGMENT_BYTES)!
    const held = (position: number) => {
      landing.passed(position)
      return memory.fetch.held(0)
    }
    expect(held(SEGMENT_BYTES - 1)).toBe(10)
    expect(held(SEGMENT_BYTES)).toBe(9)
    expect(held(5 * SEGMENT_BYTES + 5)).toBe(5)
    expect(held(5 * SEGMENT_BYTES + 5)).toBe(5)
    landing.release()
    expect(memory.fetch.held(0)).toBe(0)
  })

  it('takes a spill when it is larger than the share, and waits when there is one', () => {
    const memory = new Memory(allocateMemory(1_048_576, 1))
    memory.countReader(1)
    const spills = new LocalSpills(memory)
    const claim = () => Landing.claim(memory, spills, 0, 3_000_000)
    const first = claim()!
    expect(first.homeId).toBeGreaterThanOrEqual(FIRST_SPILL)
    expect(claim()).toBeUndefined()
    first.release()
    const second = claim()!
    second.release()
  })

  it('keeps to what was reserved for it, also when the share shrank since', () => {
    const memory = new Memory(allocateMemory(2_097_152, 1))
    memory.countReader(1)
    const spills = new LocalSpills(memory)
    const small = Landing.claim(memory, spills, 0, 20_000)!
    for (let i = 0; i < 9; i++) memory.countReader(1)
    const size = 500_000
    expect(memory.shareBytes(memory.fetch)).toBeLessThan(size)
    const reserved = Landing.claim(memory, spills, 0, size, size)!
    expect(reserved.homeId).toBe(0)
    reserved.release()
    small.release()
    expect(memory.fetch.heldSegments).toBe(0)
  })
})
