// Batches leave the I/O thread in order, none is lost, and a full ring always finds somebody who rings. [test]
import { describe, expect, it } from 'vitest'
import { Outlet } from '../../src/io/outlet.ts'
import { allocateMemory, RING_CAPACITY } from '../../src/ring/layout.ts'
import { Memory } from '../../src/ring/memory.ts'

class Bell {
  rings = 0
  ring() {
    this.rings++
  }
}

function outletOf(workers: number) {
  const memory = new Memory(allocateMemory(1_048_576, workers))
  const bells = Array.from({ length: workers }, () => new Bell())
  const outlet = new Outlet(memory, ({ id }) => bells[id]!)
  const send = (slot: number, number: number) => {
    outlet.send(0, slot, (words, at) => {
      words[at] = slot
      words[at + 1] = number
    })
  }
  /** What the worker finds in its ring now. */
  const take = (worker: number) => {
    const ring = memory.worker(worker)!.toWorker
    const numbers: number[] = []
    for (let at = ring.peek(); at >= 0; at = ring.peek()) {
      numbers.push(ring.words[at + 1]!)
      ring.release()
    }
    return numbers
  }
  return { memory, bells, outlet, send, take }
}

describe('the outlet', () => {
  it('sends a slot to the same worker every time, and rings each worker concerned once a flush', () => {
    const { bells, outlet, send, take } = outletOf(3)
    for (let i = 0; i < 12; i++) send(i % 2 === 0 ? 4 : 6, i)
    expect(bells.map(({ rings }) => rings)).toEqual([0, 0, 0])
    outlet.flush()
    expect(bells.map(({ rings }) => rings)).toEqual([1, 1, 0])
    expect(take(1)).toEqual([0, 2, 4, 6, 8, 10])
    expect(take(0)).toEqual([1, 3, 5, 7, 9, 11])
    outlet.flush()
    expect(bells.map(({ rings }) => rings)).toEqual([1, 1, 0])
  })

  it('keeps what a full ring does not take, in order', () => {
    const { outlet, send, take } = outletOf(1)
    const count = 3 * RING_CAPACITY + 7
    const got: number[] = []
    for (let i = 0; i < count; i++) send(0, i)
    for (let turn = 0; turn < 4; turn++) {
      outlet.flush()
      got.push(...take(0))
    }
    expect(got).toEqual(Array.from({ length: count }, (_, i) => i))
  })

  it('asks to be rung as long as something waits, so that the end of a topic never depends on more data', () => {
    const { memory, outlet, send, take } = outletOf(1)
    for (let i = 0; i < 3 * RING_CAPACITY; i++) send(0, i)
    outlet.flush()
    expect(memory.roomWanted(0)).toBe(true)
    take(0)
    outlet.flush()
    expect(memory.roomWanted(0)).toBe(true)
    take(0)
    outlet.flush()
    expect(memory.roomWanted(0)).toBe(false)
    expect(take(0)).toHaveLength(RING_CAPACITY)
  })
})
