// `consume` in worker threads and in groups: the same records, once; a group goes on where it was. [test process]
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { millrace } from './millrace.ts'

const RECORDS = 2_000
let broker: Broker
let consume: string[]
let expected: string[]

beforeAll(async () => {
  broker = await Broker.start()
  consume = ['consume', 'numbers', '--brokers', broker.address, '--until', 'end']
  broker.createTopic('numbers', { partitions: 4 })
  const values = Array.from({ length: RECORDS }, (_, i) => ({ value: String(i), partition: i % 4 }))
  await broker.seed('numbers', values, { batchRecords: 50 })
  expected = values.map(({ value }) => value).sort()
})
afterAll(() => broker.close())

describe.each([
  ['workers', ['--workers', '2']],
  ['a group', ['--group', 'g1']],
  ['workers in a group', ['--group', 'g2', '--workers', '2']],
])('with %s', (_, flags) => {
  it('prints every record once', async () => {
    const { code, lines, stderr } = await millrace([...consume, ...flags])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(lines.sort()).toEqual(expected)
  })
})

describe('with workers', () => {
  it('keeps the order of a partition, and prints as the format says', async () => {
    const { lines } = await millrace([...consume, '--workers', '2', '--format', '%p %o\\n'])
    const offsets = lines.map((line) => line.split(' ').map(Number)).filter(([partition]) => partition === 3)
    expect(offsets.map(([, offset]) => offset)).toEqual(Array.from({ length: RECORDS / 4 }, (_, i) => i))
  })

  it('stops after -n records, counts, and starts where --from says', async () => {
    const runs = [
      ['-n', '777'],
      ['--count', '--json'],
      ['--from', '-3'],
    ]
    const [some, count, last] = await Promise.all(runs.map((flags) => millrace([...consume, '-w', '2', ...flags])))
    expect([some!.code, some!.lines.length, new Set(some!.lines).size]).toEqual([0, 777, 777])
    const bytes = expected.join('').length
    expect(count!.lines).toEqual([JSON.stringify({ records: RECORDS, bytes })])
    expect(last!.lines.sort()).toEqual(expected.filter((value) => Number(value) >= RECORDS - 12))
  })
})

it.each([
  ['main', 'g3', []],
  ['workers', 'g4', ['--workers', '2']],
])('a group goes on after what it has printed, also within a batch: on %s', async (_, group, flags) => {
  const first = await millrace([...consume, '--group', group, ...flags, '-n', '777'])
  const rest = await millrace([...consume, '--group', group, ...flags])
  expect([first.lines.length, rest.lines.length]).toEqual([777, RECORDS - 777])
  expect([...first.lines, ...rest.lines].sort()).toEqual(expected)
})
