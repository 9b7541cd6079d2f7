// The other thread of the doorbell test: sends back what it gets, with pauses that a seed draws. [test]
import { workerData } from 'node:worker_threads'
import { seededRandom } from '../../src/base/random.ts'
import { Doorbell } from '../../src/ring/doorbell.ts'
import { DESCRIPTOR_WORDS, RING_CAPACITY, RING_DESCRIPTORS } from '../../src/ring/layout.ts'
import { Spsc } from '../../src/ring/spsc.ts'

const { words, seed } = workerData as { words: Int32Array<SharedArrayBuffer>; seed: number }
const ringWords = RING_DESCRIPTORS + RING_CAPACITY * DESCRIPTOR_WORDS
const [theirs, mine] = [new Doorbell(words, 0), new Doorbell(words, 16)]
const [into, out] = [new Spsc(words, 32), new Spsc(words, 32 + ringWords)]
const random = seededRandom(seed)

mine.start(() => {
  let some = false
  for (let at = into.peek(); at >= 0; at = into.peek()) {
    const to = out.claim()
    if (to < 0) break
    words[to] = words[at]!
    into.release()
    out.commit()
    some = true
    // Now and then the turn ends in the middle, or takes long: whoever rings then must be heard all the same.
    if (random.next() < 0.02) break
    if (random.next() < 0.001) for (let spin = random.next() * 20_000; spin > 0; spin--) Math.sqrt(spin)
  }
  if (some) theirs.ring()
  if (into.peek() >= 0) setImmediate(() => mine.ring())
})

// A pending Atomics.waitAsync keeps no thread alive; the test ends this one.
setInterval(() => {}, 1_000_000)
