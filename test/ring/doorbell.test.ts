// No ring is lost: between real threads with random pauses, and on one thread. [test]
import { Worker } from 'node:worker_threads'
import { describe, expect, it } from 'vitest'
import { Doorbell, LocalBell } from '../../src/ring/doorbell.ts'
import { DESCRIPTOR_WORDS, RING_CAPACITY, RING_DESCRIPTORS } from '../../src/ring/layout.ts'
import { Spsc } from '../../src/ring/spsc.ts'
import { within } from '../support/reading.ts'

const HAND_OFFS = 100_000
const SEED = 11

describe('a doorbell between threads', () => {
  it('hands 100,000 numbers there and back, one ring a burst, and never runs into its bound', async () => {
    const ringWords = RING_DESCRIPTORS + RING_CAPACITY * DESCRIPTOR_WORDS
    const words = new Int32Array(new SharedArrayBuffer((32 + 2 * ringWords) * 4))
    const [mine, theirs] = [new Doorbell(words, 0), new Doorbell(words, 16)]
    const [out, back] = [new Spsc(words, 32), new Spsc(words, 32 + ringWords)]
    const child = new Worker(new URL('./doorbell-child.ts', import.meta.url), { workerData: { words, seed: SEED } })
    let sent = 0
    let got = 0
    const wrong: number[] = []
    const all = new Promise<void>((resolve, reject) => {
      child.on('error', reject)
      const send = () => {
        let some = false
        for (let burst = 1 + (sent % 97); burst > 0 && sent < HAND_OFFS; burst--) {
          const at = out.claim()
          if (at < 0) break
          words[at] = sent++
          out.commit()
          some = true
        }
        if (some) theirs.ring()
      }
      mine.start(() => {
        for (let at = back.peek(); at >= 0; at = back.peek()) {
          if (words[at] !== got) wrong.push(got)
          got++
          back.release()
        }
        if (got === HAND_OFFS) resolve()
        else send()
      })
    })
    await within(`hand-off (seed ${SEED})`, 50_000, all)
    mine.stop()
    await child.terminate()
    expect(wrong).toEqual([])
    expect([mine.late, theirs.late]).toEqual([0, 0])
  })
})

describe('a doorbell on one thread', () => {
  it('runs once for the rings of one moment, and again for those made while it runs', () => {
    const posted: (() => void)[] = []
    const bell = new LocalBell((run) => posted.push(run))
    let runs = 0
    bell.ring()
    expect(posted).toHaveLength(0)
    bell.start(() => {
      if (++runs === 1) bell.ring()
    })
    bell.ring()
    bell.ring()
    expect(posted).toHaveLength(1)
    while (posted.length > 0) posted.shift()!()
    expect(runs).toBe(2)
    bell.ring()
    bell.stop()
    while (posted.length > 0) posted.shift()!()
    expect(runs).toBe(2)
  })
})
