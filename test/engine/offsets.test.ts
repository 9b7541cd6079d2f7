// The offset tracker against a model that keeps every single offset. [test process]
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { OffsetTracker } from '../../src/engine/offsets.ts'
import { seed } from '../support/seed.ts'

const life = { epoch: 1, generation: 7 }

function tracker(position = 0, more: { committed?: number; maxGapRecords?: number } = {}) {
  return new OffsetTracker({ ...life, position, ...more })
}

describe('the floor', () => {
  it('rises with acks in order, and is worth a commit then', () => {
    const offsets = tracker(10)
    expect(offsets.committable()).toBeUndefined()
    offsets.arrived(10, 20)
    expect([offsets.position, offsets.floor, offsets.committable()]).toEqual([20, 10, undefined])
    offsets.ack(life, 10, 11)
    offsets.ack(life, 11, 13)
    expect([offsets.floor, offsets.committable()]).toEqual([13, 13])
    offsets.wasCommitted(13)
    expect(offsets.committable()).toBeUndefined()
  })

  it('waits for the gap below what is done, and shows it', () => {
    const offsets = tracker()
    offsets.arrived(0, 10)
    offsets.ack(life, 5, 7)
    offsets.ack(life, 2, 3)
    expect([offsets.floor, offsets.gapCount, offsets.doneAhead]).toEqual([0, 2, 3])
    expect(offsets.gaps()).toEqual([
      { first: 0, end: 2 },
      { first: 3, end: 5 },
    ])
    offsets.ack(life, 0, 2)
    expect([offsets.floor, offsets.gaps()]).toEqual([3, [{ first: 3, end: 5 }]])
    offsets.ack(life, 3, 5)
    expect([offsets.floor, offsets.gapCount, offsets.doneAhead]).toEqual([7, 0, 0])
  })

  it('passes markers, compacted and hidden offsets, before, between and after batches', () => {
    const offsets = tracker(0)
    offsets.passed(3)
    expect(offsets.floor).toBe(3)
    offsets.arrived(5, 8)
    expect(offsets.floor).toBe(5)
    offsets.passed(9)
    expect([offsets.floor, offsets.position]).toEqual([5, 9])
    offsets.ack(life, 5, 8)
    expect([offsets.floor, offsets.committable()]).toEqual([9, 9])
  })

  it('does not move for an ack of another assignment or of before a seek', () => {
    const offsets = tracker()
    offsets.arrived(0, 10)
    expect(offsets.ack({ epoch: 0, generation: 7 }, 0, 5)).toBe(false)
    offsets.seek(4, 8)
    offsets.arrived(4, 10)
    expect(offsets.ack(life, 4, 10)).toBe(false)
    expect([offsets.floor, offsets.refused]).toEqual([4, 2])
    expect(offsets.ack({ epoch: 1, generation: 8 }, 4, 6)).toBe(true)
    expect(offsets.floor).toBe(6)
  })

  it('goes back by a seek, also below what is committed', () => {
    const offsets = tracker(100, { committed: 100 })
    offsets.seek(40, 8)
    expect(offsets.committable()).toBe(40)
    const quiet = tracker(100, { committed: 100 })
    quiet.seek(40, 8, { explicit: false })
    expect(quiet.committable()).toBeUndefined()
  })

  it('never moves past what has arrived: such an ack is a bug', () => {
    const offsets = tracker()
    offsets.arrived(0, 10)
    expect(() => offsets.ack(life, 5, 11)).toThrow(/invariant/)
  })
})

it('says when too much is done above the floor', () => {
  const offsets = tracker(0, { maxGapRecords: 5 })
  offsets.arrived(0, 100)
  offsets.ack(life, 10, 14)
  expect(offsets.full).toBe(false)
  offsets.ack(life, 50, 51)
  expect(offsets.full).toBe(true)
  offsets.ack(life, 0, 10)
  expect([offsets.full, offsets.doneAhead]).toEqual([false, 1])
})

it('needs memory for gaps only: 200,000 acks backwards are one stretch', () => {
  const offsets = tracker()
  offsets.arrived(0, 200_001)
  for (let at = 200_000; at > 0; at--) offsets.ack(life, at, at + 1)
  expect([offsets.gapCount, offsets.floor, offsets.doneAhead]).toEqual([1, 0, 200_000])
  offsets.ack(life, 0, 1)
  expect([offsets.gapCount, offsets.floor]).toEqual([0, 200_001])
})

/** What the tracker is to be: a set with every offset in it. */
class Model {
  position = 0
  readonly done = new Set<number>()
  start: number

  constructor(start: number) {
    this.start = start
    this.position = start
  }

  get floor(): number {
    let at = this.start
    while (at < this.position && this.done.has(at)) at++
    return at
  }

  get gapCount(): number {
    let count = 0
    for (let at = this.floor + 1; at < this.position; at++) if (this.done.has(at) && !this.done.has(at - 1)) count++
    return count
  }

  pending(first: number, end: number) {
    let from = Math.max(first, this.start)
    while (from < end && this.done.has(from)) from++
    if (from >= end) return undefined
    let to = from
    while (to < end && !this.done.has(to)) to++
    return { first: from, end: to }
  }
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ do: fc.constant('ack' as const), at: fc.nat(60), size: fc.integer({ min: 1, max: 6 }) }),
  },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('arrive' as const), at: fc.nat(4), size: fc.nat(12) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), at: fc.nat(5), size: fc.constant(0) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('stale' as const), at: fc.nat(60), size: fc.constant(9) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('seek' as const), at: fc.nat(80), size: fc.constant(0) }) },
)

it('agrees with a model of single offsets, whatever happens in whatever order', () => {
  const property = fc.property(fc.nat(50), fc.array(step, { maxLength: 60 }), (start, steps) => {
    const offsets = tracker(start)
    const model = new Model(start)
    let generation = life.generation
    for (const { do: what, at, size } of steps) {
      if (what === 'arrive') {
        offsets.arrived(model.position + at, model.position + at + size)
        for (let hole = 0; hole < at; hole++) model.done.add(model.position + hole)
        model.position += at + size
      } else if (what === 'pass') {
        offsets.passed(model.position + at)
        for (let hole = 0; hole < at; hole++) model.done.add(model.position + hole)
        model.position += at
      } else if (what === 'seek') {
        offsets.seek(at, ++generation)
        model.start = at
        model.position = at
        model.done.clear()
      } else {
        const first = Math.min(model.start + at, model.position)
        const end = Math.min(first + size, model.position)
        const accepted = offsets.ack(
          { epoch: 1, generation: what === 'stale' ? generation - 1 : generation },
          first,
          end,
        )
        expect(accepted).toBe(what === 'ack')
        if (accepted) for (let one = first; one < end; one++) model.done.add(one)
      }
      expect(offsets.floor).toBe(model.floor)
      expect(offsets.position).toBe(model.position)
      expect(offsets.gapCount).toBe(model.gapCount)
      const ahead = [...model.done].filter((offset) => offset >= model.floor).length
      expect(offsets.doneAhead).toBe(ahead)
      for (const from of [model.start, model.start + at, model.position - 3]) {
        expect(offsets.pending(from, model.position)).toEqual(model.pending(from, model.position))
        if (from >= model.start && from < model.position) expect(offsets.isDone(from)).toBe(model.done.has(from))
      }
    }
  })
  fc.assert(property, { seed, numRuns: 600 })
}, 60_000)
