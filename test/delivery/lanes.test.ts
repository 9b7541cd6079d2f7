// The lanes against a model that knows every item ever added. [test process]
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Lanes, type Order, type Started } from '../../src/delivery/lanes.ts'
import { seed } from '../support/seed.ts'

const bytes = (key: string | null) => (key === null ? null : Buffer.from(key))

function lanes(order: Order, concurrency = 10, maxInFlight = 100) {
  return new Lanes<number>({ order, concurrency, maxInFlight })
}

function startAll(from: Lanes<number>): Started<number>[] {
  const started: Started<number>[] = []
  for (let next = from.next(); next !== undefined; next = from.next()) started.push(next)
  return started
}

const items = (started: Started<number>[]) => started.map(({ item }) => item)

it('what is held back waits, also what came meanwhile; others start, and it goes on in its order', () => {
  const all = lanes('partition')
  all.add('a', 1)
  all.hold('a')
  all.add('a', 2)
  all.add('b', 3)
  expect(items(startAll(all))).toEqual([3])
  all.resume('a')
  const [first] = startAll(all)
  expect(first!.item).toBe(1)
  all.hold('a')
  all.done(first!)
  expect(items(startAll(all))).toEqual([])
  all.resume('a')
  expect(items(startAll(all))).toEqual([2])
})

it.each(['partition', 'key', 'none'] as const)('what is taken back starts first, order %s', (order) => {
  const all = lanes(order, 1)
  for (const item of [1, 2, 3]) all.add('a', item, bytes('k'))
  all.takeBack(all.next()!)
  expect([all.running, all.waiting]).toEqual([0, 3])
  all.hold('a')
  expect(all.next()).toBeUndefined()
  all.resume('a')
  const begun: number[] = []
  for (let next = all.next(); next !== undefined; next = all.next()) {
    begun.push(next.item)
    all.done(next)
  }
  expect(begun).toEqual([1, 2, 3])
  expect([all.running, all.waiting]).toEqual([0, 0])
})

describe('order', () => {
  it("'partition': one of each partition at a time", () => {
    const all = lanes('partition')
    for (let i = 0; i < 4; i++) all.add(`p${i % 2}`, i)
    const first = startAll(all)
    expect(items(first)).toEqual([0, 1])
    all.done(first[1]!)
    expect(items(startAll(all))).toEqual([3])
    expect([all.running, all.waiting]).toEqual([2, 1])
  })

  it("'key': one of each key at a time, what has no key at any time", () => {
    const all = lanes('key')
    for (const [i, key] of ['a', 'b', 'a', null, null, 'b', 'a'].entries()) all.add('p', i, bytes(key))
    const first = startAll(all)
    expect(items(first)).toEqual([0, 1, 3, 4])
    all.done(first[0]!)
    const second = startAll(all)
    expect(items(second)).toEqual([2])
    all.done(second[0]!)
    expect(items(startAll(all))).toEqual([6])
  })

  it("'key': keys are the same by their bytes, within one partition", () => {
    const all = lanes('key')
    all.add('p', 0, Buffer.from([0xff, 0xfe]))
    all.add('p', 1, new Uint8Array([0, 0xff, 0xfe]).subarray(1))
    all.add('p', 2, Buffer.from([0xff, 0xfd]))
    all.add('q', 3, Buffer.from([0xff, 0xfe]))
    all.add('p', 4, Buffer.alloc(0))
    expect(items(startAll(all)).sort()).toEqual([0, 2, 3, 4])
  })

  it("'none': everything at once, up to the limit", () => {
    const all = lanes('none', 3)
    for (let i = 0; i < 5; i++) all.add('p', i, bytes('same'))
    const first = startAll(all)
    expect(items(first)).toEqual([0, 1, 2])
    all.done(first[0]!)
    expect(items(startAll(all))).toEqual([3])
  })
})

it('partitions take turns, however much one of them has', () => {
  const all = lanes('none', 1)
  for (let i = 0; i < 50; i++) all.add('busy', i)
  all.add('quiet', 100)
  const order: number[] = []
  for (let next = all.next(); next !== undefined && order.length < 3; next = all.next()) {
    order.push(next.item)
    all.done(next)
  }
  expect(order).toEqual([0, 100, 1])
})

it('a partition has room for so many and no more, waiting and running together', () => {
  const all = lanes('partition', 1, 2)
  all.add('p', 0)
  expect(all.hasRoom('p')).toBe(true)
  all.add('p', 1)
  expect([all.hasRoom('p'), all.hasRoom('q')]).toEqual([false, true])
  const [first] = startAll(all)
  expect(all.hasRoom('p')).toBe(false)
  all.done(first!)
  expect(all.hasRoom('p')).toBe(true)
})

it('what is dropped never starts; what runs keeps its lane until it is done', () => {
  const all = lanes('partition', 2)
  for (let i = 0; i < 3; i++) all.add('p', i)
  all.add('q', 10)
  all.add('q', 11)
  const [p, q] = startAll(all)
  expect(all.drop('p')).toEqual([1, 2])
  all.add('p', 3)
  expect(startAll(all)).toEqual([])
  all.done(p!)
  expect(items(startAll(all))).toEqual([3])
  all.done(q!)
  expect(items(startAll(all))).toEqual([11])
  expect([all.waiting, all.running]).toEqual([0, 2])
})

interface Item {
  id: number
  partition: string
  key: string | null
}

const action = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('add' as const),
      p: fc.nat(2),
      key: fc.option(fc.constantFrom('a', 'b', 'c')),
    }),
  },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('next' as const), p: fc.constant(0), key: fc.constant(null) }) },
  { weight: 4, arbitrary: fc.record({ do: fc.constant('done' as const), p: fc.nat(20), key: fc.constant(null) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('drop' as const), p: fc.nat(2), key: fc.constant(null) }) },
)

it('never runs two of a lane at once or out of order, loses and repeats nothing, is never idle without cause', () => {
  const order = fc.constantFrom<Order>('partition', 'key', 'none')
  const property = fc.property(
    order,
    fc.integer({ min: 1, max: 4 }),
    fc.array(action, { maxLength: 120 }),
    (by, limit, script) => {
      const subject = new Lanes<Item>({ order: by, concurrency: limit, maxInFlight: 1000 })
      const laneOf = ({ partition, key }: Item) => {
        if (by === 'none' || (by === 'key' && key === null)) return undefined
        return by === 'partition' ? partition : `${partition}/${key}`
      }
      let waiting: Item[] = []
      const running: Started<Item>[] = []
      let id = 0
      const mayRun = (one: Item) => {
        const lane = laneOf(one)
        if (lane === undefined) return true
        const before = waiting.find((other) => laneOf(other) === lane)
        return before === one && !running.some((other) => laneOf(other.item) === lane)
      }
      for (const { do: what, p, key } of script) {
        if (what === 'add') {
          const item = { id: id++, partition: `p${p}`, key }
          waiting.push(item)
          subject.add(item.partition, item, bytes(key))
        } else if (what === 'drop') {
          const partition = `p${p}`
          const gone = subject.drop(partition).map((item) => item.id)
          expect(gone.sort()).toEqual(
            waiting
              .filter((item) => item.partition === partition)
              .map((item) => item.id)
              .sort(),
          )
          waiting = waiting.filter((item) => item.partition !== partition)
        } else if (what === 'next') {
          const started = subject.next()
          const could = running.length < limit && waiting.some(mayRun)
          expect(started !== undefined).toBe(could)
          if (started === undefined) continue
          expect(waiting).toContain(started.item)
          expect(mayRun(started.item)).toBe(true)
          waiting = waiting.filter((item) => item !== started.item)
          running.push(started)
        } else if (running.length > 0) {
          const [ended] = running.splice(p % running.length, 1)
          subject.done(ended!)
        }
        expect([subject.running, subject.waiting]).toEqual([running.length, waiting.length])
      }
    },
  )
  fc.assert(property, { seed, numRuns: 600 })
}, 60_000)
