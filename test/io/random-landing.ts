// Bytes of a response landed in pieces of an arena with holes in it, chopped as sockets do. [test]
import type { Random } from '../../src/base/random.ts'
import { LocalSpills } from '../../src/control/spills.ts'
import { Landing } from '../../src/io/landing.ts'
import { allocateMemory, SEGMENT_BYTES } from '../../src/ring/layout.ts'
import { Memory } from '../../src/ring/memory.ts'

/** An arena of which every now and then a segment is taken, so that landings come in pieces. */
export function fragmentedMemory(random: Random, bufferBytes = 4_194_304): Memory {
  const memory = new Memory(allocateMemory(bufferBytes, 1))
  const { segments } = memory.fetch
  const starts = Array.from({ length: segments }, () => memory.fetch.claim(SEGMENT_BYTES, 9))
  for (const start of starts) if (random.next() < 0.85) memory.fetch.release(start, SEGMENT_BYTES)
  memory.countReader(1)
  return memory
}

/** Lands the bytes in random steps; `step` runs after each, with how many have arrived. */
export function land(memory: Memory, bytes: Uint8Array, random: Random, step: (landing: Landing) => void): Landing {
  const landing = Landing.claim(memory, new LocalSpills(memory), 0, bytes.length)!
  deliver(landing, bytes, random, () => step(landing))
  return landing
}

/** Writes the bytes into a landing in random steps. */
export function deliver(landing: Landing, bytes: Uint8Array, random: Random, step: () => void): void {
  const most = random.next() < 0.5 ? 40 : 20_000
  for (let at = 0; at < bytes.length; ) {
    const room = landing.buffer()
    const count = Math.min(room.length, bytes.length - at, 1 + Math.floor(random.next() * most))
    room.set(bytes.subarray(at, at + count))
    at += count
    landing.received(count)
    step()
  }
}
