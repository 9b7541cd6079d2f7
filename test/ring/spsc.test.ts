// A ring of descriptors against a queue, from every place that its counters can be in. [test]
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { DESCRIPTOR_WORDS, RING_CAPACITY, RING_DESCRIPTORS, RING_HEAD, RING_TAIL } from '../../src/ring/layout.ts'
import { Spsc } from '../../src/ring/spsc.ts'

const AT = 48
const SEED = 7

function ringFrom(counter: number) {
  const words = new Int32Array(new SharedArrayBuffer((AT + RING_DESCRIPTORS + RING_CAPACITY * DESCRIPTOR_WORDS) * 4))
  words[AT + RING_HEAD] = counter
  words[AT + RING_TAIL] = counter
  return { words, ring: new Spsc(words, AT) }
}

// 2^31 - 10 and -10 are near the two places where a 32-bit counter changes its sign.
describe.each([0, 1_000, 0x7fffffff - 10, -10, -RING_CAPACITY / 2])('a ring whose counters stand at %i', (counter) => {
  it('gives everything once and in order, whatever the turns', () => {
    const { words, ring } = ringFrom(counter)
    const random = seededRandom(SEED)
    const model: number[] = []
    const wrong: string[] = []
    let next = 0
    for (let turn = 0; turn < 20_000; turn++) {
      const burst = Math.floor(random.next() * 40)
      if (random.next() < 0.5) {
        for (let i = 0; i < burst; i++) {
          const at = ring.claim()
          if (at >= 0 !== model.length < RING_CAPACITY) wrong.push(`claim at turn ${turn}`)
          if (at < 0) break
          words[at] = next
          words[at + DESCRIPTOR_WORDS - 1] = ~next
          ring.commit()
          model.push(next++)
        }
      } else {
        for (let i = 0; i < burst; i++) {
          const at = ring.peek()
          if (at >= 0 !== model.length > 0) wrong.push(`peek at turn ${turn}`)
          if (at < 0) break
          const expected = model.shift()!
          if (words[at] !== expected || words[at + DESCRIPTOR_WORDS - 1] !== ~expected) wrong.push(`turn ${turn}`)
          ring.release()
        }
      }
    }
    expect(wrong, `seed ${SEED}`).toEqual([])
    expect(next).toBeGreaterThan(10 * RING_CAPACITY)
  })

  it('is full at its capacity, and has room again after one release', () => {
    const { ring } = ringFrom(counter)
    for (let i = 0; i < RING_CAPACITY; i++) {
      expect(ring.claim()).toBeGreaterThanOrEqual(0)
      ring.commit()
    }
    expect(ring.claim()).toBe(-1)
    expect(ring.peek()).toBeGreaterThanOrEqual(0)
    ring.release()
    expect(ring.claim()).toBeGreaterThanOrEqual(0)
  })

  it('does not show what was claimed and not committed', () => {
    const { ring } = ringFrom(counter)
    expect(ring.claim()).toBeGreaterThanOrEqual(0)
    expect(ring.peek()).toBe(-1)
    ring.commit()
    expect(ring.peek()).toBeGreaterThanOrEqual(0)
  })
})
