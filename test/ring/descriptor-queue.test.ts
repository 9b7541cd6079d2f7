// Descriptors that wait leave in the order they came, whole, however many there are. [test]
import { expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import type { Words } from '../../src/ring/atomics.ts'
import { DescriptorQueue } from '../../src/ring/descriptor-queue.ts'
import { DESCRIPTOR_WORDS } from '../../src/ring/layout.ts'
import { seed } from '../support/seed.ts'

it('gives out what it was given, in its order', () => {
  const random = seededRandom(seed)
  const queue = new DescriptorQueue()
  const from = new Int32Array(3 * DESCRIPTOR_WORDS) as unknown as Words
  let [came, went] = [0, 0]
  for (let round = 0; round < 200; round++) {
    for (let more = Math.floor(random.next() * 50); more > 0; more--) {
      from.fill(came++, DESCRIPTOR_WORDS, 2 * DESCRIPTOR_WORDS)
      queue.push(from, DESCRIPTOR_WORDS)
      expect(queue.length).toBe(came - went)
    }
    for (let less = Math.floor(random.next() * 50); less > 0 && queue.length > 0; less--) {
      const { words, at } = queue
      expect(new Set(words.subarray(at, at + DESCRIPTOR_WORDS))).toEqual(new Set([went++]))
      queue.shift()
    }
  }
  expect(went).toBeGreaterThan(1_000)
})
