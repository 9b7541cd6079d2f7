// What waits for what in workers, how much runs at once, and what is handed to user code. [test]
import { describe, expect, it } from 'vitest'
import { int32, json, string } from '../../src/index.ts'
import { processorRun } from '../support/processor-run.ts'
import { errorOf } from '../support/reading.ts'

const range = (end: number) => Array.from({ length: end }, (_, i) => i)

/** Tells of each record when it begins and when it ends, with a wait between them. */
const telling = `
  export default async (batch, { worker }) => {
    const keys = Array.from({ length: batch.count }, (_, i) => batch.withKey(i, String))
    note({ begins: keys, partition: batch.partition, worker })
    await new Promise((resolve) => setTimeout(resolve, (batch.baseOffset * 7) % 4))
    note({ ends: keys, partition: batch.partition, offsets: keys.map((_, i) => batch.offsetAt(i)) })
    report(batch)
  }`

interface Told {
  begins?: string[]
  ends?: string[]
  partition: number
  worker?: number
  offsets?: number[]
}

describe.each([
  ['in workers', false],
  ['inline', true],
])('a processor %s', (_, inline) => {
  it('by key: no key twice at once, none out of order, many at once, commits of the floor', async () => {
    const keyAt = (i: number) => (i % 11 === 0 ? null : `k${i % 13}`)
    const options = { order: 'key', concurrency: 5 } as const
    const result = await processorRun({ module: telling, inline, keyAt, options, records: 1_000 })
    const running = new Set<string>()
    const last = new Map<string, number>()
    let most = 0
    for (const { begins, ends, partition, offsets } of result.notes as Told[]) {
      for (const key of new Set(begins)) {
        if (key === 'null') continue
        expect(running.has(`${partition} ${key}`)).toBe(false)
        running.add(`${partition} ${key}`)
      }
      most = Math.max(most, running.size)
      for (const [i, key] of (ends ?? []).entries()) {
        if (key === 'null') continue
        expect(offsets![i]).toBeGreaterThan(last.get(`${partition} ${key}`) ?? -1)
        last.set(`${partition} ${key}`, offsets![i]!)
        running.delete(`${partition} ${key}`)
      }
    }
    expect(most).toBeGreaterThan(5)
    expect(result.seen.map((offsets) => offsets.sort((a, b) => a - b))).toEqual(range(4).map(() => range(250)))
    expect(result.floors).toEqual([250, 250, 250, 250])
    expect(result.left).toEqual([0, 0, 0, 0, 0])
  })

  it('runs as many at once as `concurrency` says, however many that is', async () => {
    const module = `
      let [running, most] = [0, 0]
      export default async (batch) => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => setTimeout(resolve, 20))
        if (--running === 0) note(most)
        report(batch)
      }`
    const options = { order: 'key', concurrency: 2_000 } as const
    const records = { partitions: 1, records: 3_000, batchRecords: 3_000, keyAt: (i: number) => `k${i}` }
    const { seen, notes, left } = await processorRun({ module, inline, options, ...records })
    expect(Math.max(...(notes as number[]))).toBeGreaterThan(1_500)
    expect(seen.map((offsets) => offsets.sort((a, b) => a - b))).toEqual([range(3_000)])
    expect(left).toEqual([0, 0, 0, 0, 0])
  })

  it("with order 'none' at most `concurrency` run at once in a worker, with 'partition' one a partition", async () => {
    for (const [order, most] of [
      ['none', 3],
      ['partition', 1],
    ] as const) {
      const options = { order, concurrency: 3, workers: 1 }
      const { notes } = await processorRun({ module: telling, inline, options, partitions: 1, records: 800 })
      let running = 0
      let peak = 0
      for (const { begins } of notes as Told[]) peak = Math.max(peak, (running += begins === undefined ? -1 : 1))
      expect(peak).toBe(most)
    }
  })

  it('gets values as the deserializers of the consumer make them', async () => {
    const module = `
      export default (batch) => {
        for (const { key, value, offset } of batch) if (offset === 3) note([key, value.i])
        report(batch)
      }`
    const valueAt = (i: number) => JSON.stringify({ i })
    const consumer = { key: string(), value: json() }
    const { notes } = await processorRun({ ...{ module, inline, valueAt, consumer }, partitions: 1, records: 5 })
    expect(notes).toEqual([['k3', 3]])
  })

  it('ends its run at a value that cannot be deserialized, or passes it over', async () => {
    const module = 'export default (batch) => { for (const _ of batch); report(batch) }'
    const test = { module, inline, partitions: 1, records: 20 }
    expect(await errorOf(processorRun({ ...test, consumer: { value: int32() } }))).toMatchObject({
      ...{ code: 'DESERIALIZATION_FAILED', topic: 'events', partition: 0, offset: 0 },
    })
    const consumer = { value: int32(), onDeserializationError: 'skip' } as const
    expect((await processorRun({ ...test, consumer })).floors).toEqual([20])
  })
})

it("a deserializer of the user's own is refused before anything starts", async () => {
  const value = { deserialize: () => 1 }
  const error = await errorOf(processorRun({ module: 'export default () => {}', consumer: { value } }))
  expect(error).toMatchObject({ code: 'SERDE_NOT_IN_WORKERS', topic: 'events' })
  expect(error.message).toContain('Deserialize in the processor')
})
