// The table of newest values by itself: keys by content, changes, counts, copies. [test process]
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { CompactedTable, type TableChange, type TableRecord } from '../../src/client/compacted-table.ts'

const bytes = (text: string) => Buffer.from(text)
const record = (key: string | null, value: string | null, offset = 0): TableRecord<Buffer, Buffer> => ({
  key: key === null ? null : bytes(key),
  value: value === null ? null : bytes(value),
  partition: 0,
  offset,
})

describe('a table', () => {
  it('has the newest value of each key; Buffers of the same bytes are one, and text stands for its bytes', () => {
    const table = new CompactedTable()
    table.apply([record('a', '1'), record('ä', '2'), record('a', '3')])
    expect(table.size).toBe(2)
    expect(table.get(bytes('a'))).toEqual(bytes('3'))
    expect(table.get('ä')).toEqual(bytes('2'))
    expect([table.has('a'), table.has(bytes('ä')), table.has('b'), table.get('b')]).toEqual([
      true,
      true,
      false,
      undefined,
    ])
    expect(table.get(Buffer.from('ä', 'latin1'))).toBeUndefined()
  })

  it('tells what each record changed', () => {
    const table = new CompactedTable()
    const place = (offset: number) => ({ partition: 0, offset })
    const records = [record('a', '1', 4), record('a', '2', 5), record('b', null, 6), record('a', null, 9)]
    expect(table.apply(records)).toEqual([
      { type: 'insert', key: bytes('a'), value: bytes('1'), previous: undefined, ...place(4) },
      { type: 'update', key: bytes('a'), value: bytes('2'), previous: bytes('1'), ...place(5) },
      { type: 'delete', key: bytes('a'), value: null, previous: bytes('2'), ...place(9) },
    ])
    expect([table.size, table.isEmpty]).toEqual([0, true])
    expect(table.apply(record('c', 'x')).map(({ type }) => type)).toEqual(['insert'])
  })

  it('skips records without a key, and counts', () => {
    const table = new CompactedTable()
    table.ingest([record('a', '1'), record(null, '2'), record('a', null), record('b', null)])
    expect(table.metrics).toEqual({ records: 3, tombstones: 2, keyless: 1 })
    table.ingest(record('a', '1'))
    table.clear()
    expect([table.size, table.metrics]).toEqual([0, { records: 0, tombstones: 0, keyless: 0 }])
  })

  it('is read by keys, values, entries and iteration, in the order in which keys came', () => {
    const table = new CompactedTable<string, number>()
    table.ingest([
      { key: 'b', value: 1 },
      { key: 'a', value: 2 },
      { key: 'b', value: 3 },
    ])
    expect([...table.keys()]).toEqual(['b', 'a'])
    expect([...table.values()]).toEqual([3, 2])
    expect([...table.entries()]).toEqual([...table])
    expect(Object.fromEntries(table)).toEqual({ b: 3, a: 2 })
  })

  it('knows keys of any kind by their content', () => {
    const table = new CompactedTable<unknown, number>()
    const keys = [{ a: 1, b: [2] }, 7, 7n, true, 'seven']
    table.ingest(keys.map((key, value) => ({ key, value })))
    expect(table.size).toBe(5)
    expect([{ b: [2], a: 1 }, 7, 7n, true, 'seven'].map((key) => table.get(key))).toEqual([0, 1, 2, 3, 4])
    expect(() => table.get(undefined)).toThrow(/key of a table/)
  })

  it('takes a value that is null without being a tombstone', () => {
    const table = new CompactedTable<string, null>()
    table.apply({ key: 'a', value: null, isTombstone: false })
    expect([table.has('a'), table.get('a')]).toEqual([true, null])
  })

  it('tells listeners, until they stop; one that throws is told of, and keeps nobody from hearing', async () => {
    const table = new CompactedTable()
    const heard: string[] = []
    const warned: string[] = []
    const warn = (warning: NodeJS.ErrnoException) => warned.push(`${warning.code} ${warning.message}`)
    process.on('warning', warn)
    const stops = [
      table.onChange(() => {
        throw new Error('a listener that fails')
      }),
      // Types let an asynchronous one pass.
      table.onChange(async () => {
        throw new Error('one that fails later')
      }),
      table.onChange(({ type, key }) => heard.push(`${type} ${key}`)),
    ]
    table.ingest(record('a', '1'))
    for (const stop of stops) stop()
    table.apply(record('a', '2'))
    expect(heard).toEqual(['insert a'])
    await expect.poll(() => warned).toContain('USER_CODE_FAILED onChange of a table threw: a listener that fails')
    await expect.poll(() => warned).toContain('USER_CODE_FAILED onChange of a table threw: one that fails later')
    process.off('warning', warn)
  })

  it('a snapshot stays as it was; a clone goes its own way, with its counts and without listeners', () => {
    const table = new CompactedTable()
    let heard = 0
    table.onChange(() => heard++)
    table.ingest([record('a', '1'), record('b', '2')])
    const [snapshot, clone] = [table.snapshot(), table.clone()]
    expect([snapshot.equals(table), clone.equals(table), clone.metrics]).toEqual([true, true, table.metrics])
    table.ingest([record('a', null), record('c', '3')])
    clone.ingest(record('d', '4'))
    expect([[...snapshot.keys()].join(), [...clone.keys()].join(), [...table.keys()].join()]).toEqual([
      'a,b',
      'a,b,d',
      'b,c',
    ])
    expect(heard).toBe(4)
    expect('ingest' in snapshot || 'clear' in snapshot).toBe(false)
  })

  it('equals another one with the same entries, whatever was counted, and no other', () => {
    const [one, other] = [new CompactedTable(), new CompactedTable()]
    one.ingest([record('a', '1'), record('b', '2')])
    other.ingest([record('b', 'x'), record('a', '1'), record('b', '2'), record(null, 'y')])
    expect(one.equals(other)).toBe(true)
    other.ingest(record('b', '3'))
    expect(one.equals(other)).toBe(false)
    other.ingest(record('b', null))
    expect([one.equals(other), other.equals(one)]).toEqual([false, false])
  })

  it('does not keep the memory in which a record came', () => {
    const table = new CompactedTable()
    const large = Buffer.alloc(1_000_000, 'x')
    table.ingest({ key: large.subarray(0, 3), value: large.subarray(3, 9) })
    const [[key, value] = []] = table
    expect([key!.buffer === large.buffer, value!.buffer === large.buffer]).toEqual([false, false])
    large.fill('y')
    expect(table.get('xxx')).toEqual(bytes('xxxxxx'))
  })

  it('is what a Map would be, and its changes replayed make the same table', () => {
    const seed = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)
    console.info(`seed ${seed}`)
    const random = seededRandom(seed)
    const below = (limit: number) => Math.floor(random.next() * limit)
    const [table, model, replay] = [new CompactedTable(), new Map<string, string>(), new Map<string, string>()]
    const changes: TableChange[] = []
    for (let step = 0; step < 5_000; step++) {
      const key = below(20) === 0 ? null : `k${below(200)}`
      const value = below(4) === 0 ? null : `v${step}`
      if (below(2) === 0) changes.push(...table.apply(record(key, value, step)))
      else {
        const stop = table.onChange((change) => changes.push(change))
        table.ingest([record(key, value, step)])
        stop()
      }
      if (key === null) continue
      if (value === null) model.delete(key)
      else model.set(key, value)
    }
    for (const { type, key, value, previous } of changes) {
      expect(replay.get(String(key))).toBe(previous === undefined ? undefined : String(previous))
      if (type === 'delete') replay.delete(String(key))
      else replay.set(String(key), String(value))
    }
    const entries = [...table].map(([key, value]) => [String(key), String(value)]).sort()
    expect(entries).toEqual([...model].sort())
    expect([...replay].sort()).toEqual(entries)
  })
})
