// What waits leaves in the order it came, however much there is. [test process]
import { expect, it } from 'vitest'
import { Fifo } from '../../src/base/fifo.ts'
import { seededRandom } from '../../src/base/random.ts'
import { seed } from '../support/seed.ts'

it('gives out what it was given as an array would', () => {
  const random = seededRandom(seed)
  const below = (limit: number) => Math.floor(random.next() * limit)
  const [fifo, model] = [new Fifo<{ at: number }>(), [] as { at: number }[]]
  let [came, went] = [0, 0]
  for (let round = 0; round < 2_000; round++) {
    for (let more = below(60); more > 0; more--) {
      const item = { at: came++ }
      fifo.push(item)
      model.push(item)
    }
    for (let less = below(64); less > 0; less--) {
      expect(fifo.first).toBe(model[0])
      const taken = fifo.shift()
      expect(taken).toBe(model.shift())
      if (taken !== undefined) went++
      if (taken === undefined || below(8) > 0) continue
      fifo.putBack(taken)
      model.unshift(taken)
    }
    expect(fifo.length).toBe(model.length)
    if (round % 50 === 0) expect([...fifo]).toEqual(model)
    if (round % 500 === 499) expect(fifo.takeAll()).toEqual(model.splice(0))
  }
  expect(went).toBeGreaterThan(10_000)
})

it('takes back what it never had, before all others', () => {
  const fifo = new Fifo<{ at: number }>()
  fifo.push({ at: 1 })
  fifo.putBack({ at: 0 })
  expect(fifo.takeAll()).toEqual([{ at: 0 }, { at: 1 }])
  expect([fifo.length, fifo.first, fifo.shift()]).toEqual([0, undefined, undefined])
})

it('stays in order when 100,000 wait and more come as they go', () => {
  const fifo = new Fifo<{ at: number }>()
  for (let at = 0; at < 100_000; at++) fifo.push({ at })
  const gone: number[] = []
  for (let at = 100_000; fifo.length > 0; at++) {
    if (at < 150_000) fifo.push({ at })
    gone.push(fifo.shift()!.at)
  }
  expect(gone).toEqual(Array.from({ length: 150_000 }, (_, at) => at))
})
