// Flows over a source that writes down what became of each thing.
import { Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { describe, expect, it } from 'vitest'
import { Flow } from '../../src/client/flow.ts'
import { type FlowSource, Given } from '../../src/client/flow-source.ts'

/** Numbers from 0, and what became of each. */
class Numbers implements FlowSource<number> {
  readonly done: number[] = []
  readonly left: number[] = []
  readonly unread: number[] = []
  readonly #end: number
  #next = 0
  asked = 0
  closed = 0

  constructor(end: number) {
    this.#end = end
  }

  async next(): Promise<Given<number> | undefined> {
    this.asked++
    await new Promise((resolve) => setImmediate(resolve))
    if (this.#next >= this.#end) return undefined
    const value = this.#next++
    return new Given(value, {
      done: () => void this.done.push(value),
      left: () => void this.left.push(value),
      unread: () => void this.unread.push(value),
    })
  }

  async close(): Promise<void> {
    this.closed++
  }
}

const even = (value: number) => value % 2 === 0
const endless = () => new Numbers(Number.POSITIVE_INFINITY)

describe('a flow', () => {
  it('marks a thing processed when the next is asked for, and not before', async () => {
    const numbers = new Numbers(3)
    const seen: [number, number[]][] = []
    for await (const value of new Flow(numbers)) seen.push([value, [...numbers.done]])
    expect(seen).toEqual([
      [0, []],
      [1, [0]],
      [2, [0, 1]],
    ])
    expect(numbers.done).toEqual([0, 1, 2])
  })

  it('asks for nothing before somebody asks it', () => {
    const numbers = endless()
    new Flow(numbers).filter(even).map(String).take(3)
    expect(numbers.asked).toBe(0)
  })

  it('filters and maps, and marks what was filtered out', async () => {
    const numbers = new Numbers(5)
    const flow = new Flow(numbers).filter(even).map((value) => `n${value}`)
    expect(await flow.toArray()).toEqual(['n0', 'n2', 'n4'])
    expect(numbers.done).toEqual([0, 1, 2, 3, 4])
  })

  it('takes exactly n: these are processed, none behind them is asked for, and the source is closed', async () => {
    const numbers = endless()
    expect(await new Flow(numbers).take(3).toArray()).toEqual([0, 1, 2])
    expect([numbers.done, numbers.asked, numbers.closed]).toEqual([[0, 1, 2], 3, 1])
    expect(await new Flow(numbers).take(0).toArray()).toEqual([])
    expect(numbers.asked).toBe(3)
  })

  it('drops, finds, gives the first, reduces and flattens', async () => {
    expect(await new Flow(new Numbers(5)).drop(3).toArray()).toEqual([3, 4])
    const numbers = endless()
    expect(await new Flow(numbers).find((value) => value === 2)).toBe(2)
    expect(numbers.done).toEqual([0, 1, 2])
    expect(await new Flow(numbers).first()).toBe(3)
    expect(numbers.done).toEqual([0, 1, 2, 3])
    expect(await new Flow(new Numbers(0)).first()).toBeUndefined()
    expect(await new Flow(new Numbers(5)).reduce((sum, value) => sum + value, 100)).toBe(110)
    const flat = new Flow(new Numbers(3)).flatMap((value) => Array<number>(value).fill(value))
    expect(await flat.toArray()).toEqual([1, 2, 2])
  })

  it('has processed what it made several things of with the last of them only', async () => {
    const numbers = new Numbers(2)
    const seen: [string, number[]][] = []
    const flow = new Flow(numbers).flatMap(async function* (value) {
      yield `${value}a`
      yield `${value}b`
    } as (value: number) => AsyncIterable<string>)
    for await (const part of flow) seen.push([part, [...numbers.done]])
    expect(seen).toEqual([
      ['0a', []],
      ['0b', []],
      ['1a', [0]],
      ['1b', [0]],
    ])
    expect(numbers.done).toEqual([0, 1])
  })

  it('leaves the one a loop was broken off in, and closes', async () => {
    const numbers = endless()
    for await (const value of new Flow(numbers).map(String)) if (value === '1') break
    expect([numbers.done, numbers.left, numbers.closed]).toEqual([[0], [1], 1])
  })

  it.each(['filter', 'map', 'flatMap', 'reduce'] as const)('does not mark one for which %s throws', async (name) => {
    const numbers = endless()
    const bad = async (value: number): Promise<never[]> => {
      if (value === 1) throw new Error('no good')
      return []
    }
    const flow = new Flow(numbers)
    const runs = {
      filter: () => flow.filter(async (value) => !(await bad(value))).toArray(),
      map: () => flow.map(bad).toArray(),
      flatMap: () => flow.flatMap(bad).toArray(),
      reduce: () => flow.reduce((_, value) => bad(value), []),
    }
    await expect(runs[name]()).rejects.toThrow('no good')
    expect([numbers.done, numbers.closed]).toEqual([[0], 1])
  })

  it.each([-1, 1.5, Number.NaN])('refuses to take or drop %d', (count) => {
    expect(() => new Flow(endless()).take(count)).toThrow(/take must be a whole number of at least 0/)
    expect(() => new Flow(endless()).drop(count)).toThrow(/drop must be/)
  })
})

describe('map with concurrency', () => {
  it('runs as many calls at once as it was told, keeps the order, and marks each when its call fulfils', async () => {
    const numbers = new Numbers(20)
    let running = 0
    let most = 0
    const work = async (value: number) => {
      most = Math.max(most, ++running)
      for (let turns = 8 + ((value * 7) % 5); turns >= 0; turns--) await new Promise((resolve) => setImmediate(resolve))
      running--
      return value
    }
    const values = await new Flow(numbers).map(work, { concurrency: 4 }).toArray()
    expect(values).toEqual(Array.from({ length: 20 }, (_, i) => i))
    expect(most).toBe(4)
    expect(numbers.done.toSorted((a, b) => a - b)).toEqual(values)
  })

  it('gives results as they come when order does not matter', async () => {
    const gates = new Map<number, () => void>()
    const work = (value: number) => new Promise<number>((resolve) => gates.set(value, () => resolve(value)))
    const flow = new Flow(new Numbers(3)).map(work, { concurrency: 3, ordered: false })
    const iterator = flow[Symbol.asyncIterator]()
    const first = iterator.next()
    while (gates.size < 3) await new Promise((resolve) => setImmediate(resolve))
    gates.get(2)!()
    expect((await first).value).toBe(2)
    gates.get(0)!()
    gates.get(1)!()
    expect([(await iterator.next()).value, (await iterator.next()).value]).toEqual([0, 1])
    expect((await iterator.next()).done).toBe(true)
  })

  it('throws in its place what a call throws, after those before it; that one is not marked', async () => {
    const numbers = endless()
    const work = async (value: number) => {
      if (value === 2) throw new Error('two')
      return value
    }
    const seen: number[] = []
    const reading = async () => {
      for await (const value of new Flow(numbers).map(work, { concurrency: 2 })) seen.push(value)
    }
    await expect(reading()).rejects.toThrow('two')
    expect(seen).toEqual([0, 1])
    expect(numbers.done).not.toContain(2)
    expect(numbers.closed).toBe(1)
  })

  it('hands back what arrives after the loop was left', async () => {
    const numbers = endless()
    for await (const _ of new Flow(numbers).map((value) => value, { concurrency: 8 })) break
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve))
    const seen = [...numbers.done, ...numbers.unread].toSorted((a, b) => a - b)
    expect(seen).toEqual(Array.from({ length: numbers.asked }, (_, i) => i))
  })

  it.each([0, -1, 1.5, 100_001])('refuses a concurrency of %d', (concurrency) => {
    expect(() => new Flow(endless()).map(String, { concurrency })).toThrow(/concurrency must be a whole number from 1/)
  })
})

describe('streams', () => {
  it('reads as a Node.js stream; one is processed when the one after it is taken', async () => {
    const numbers = new Numbers(4)
    const seen: [number, number][] = []
    for await (const value of new Flow(numbers).toReadable()) seen.push([value, numbers.done.length])
    expect(seen.map(([value]) => value)).toEqual([0, 1, 2, 3])
    for (const [value, done] of seen) expect(done).toBeLessThanOrEqual(value)
    expect(numbers.done).toEqual([0, 1, 2, 3])
    expect(numbers.closed).toBe(1)
  })

  it('marks nothing of what goes into a pipe', async () => {
    const numbers = new Numbers(4)
    const seen: number[] = []
    const sink = new Writable({
      objectMode: true,
      write(value, _, done) {
        seen.push(value)
        done()
      },
    })
    await pipeline(new Flow(numbers).toReadable(), sink)
    expect([seen, numbers.done]).toEqual([[0, 1, 2, 3], []])
  })

  it('hands back what was read ahead when a stream is destroyed', async () => {
    const numbers = endless()
    for await (const value of new Flow(numbers).toReadable()) if (value === 2) break
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve))
    expect(numbers.done).not.toContain(2)
    const seen = [...numbers.done, ...numbers.left, ...numbers.unread].toSorted((a, b) => a - b)
    expect(seen).toEqual(Array.from({ length: numbers.asked }, (_, i) => i))
  })

  it('passes an error of the source to the stream', async () => {
    const flow = new Flow(endless()).map(() => {
      throw new Error('broken')
    })
    await expect(flow.toReadable().toArray()).rejects.toThrow('broken')
    await expect(flow.toWeb().getReader().read()).rejects.toThrow('broken')
  })

  it('reads as a web stream, one at a time, and closes when it is cancelled', async () => {
    const numbers = endless()
    const reader = new Flow(numbers).toWeb().getReader()
    expect((await reader.read()).value).toBe(0)
    expect(numbers.done).toEqual([])
    expect((await reader.read()).value).toBe(1)
    expect([numbers.done, numbers.asked]).toEqual([[0], 2])
    await reader.cancel()
    expect([numbers.left, numbers.closed]).toEqual([[1], 1])
  })
})
