// The verdicts of the benches, on figures made up for the purpose. [test process]
import { expect, test } from 'vitest'
import { goalRows } from '../../bench/goals.ts'
import { markdown, median } from '../../bench/report.ts'
import type { Results } from '../../bench/results.ts'
import type { ConsumeResult } from '../../bench/scenario/consume-json8.ts'

const setting = {
  ...{ at: '2026-01-01T00:00:00.000Z', commit: 'abc', records: 1_000, runs: 3, codecs: ['none'] },
  ...{ cpu: 'a cpu', cores: 2, memoryGiB: 8, loadBefore: 0.1, versions: {} },
}

test('the median is a middle one, and that of no runs is no number', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([])).toBeNaN()
})

test('a speed goal is met at its factor and missed below it', () => {
  const at = (rate: number) => verdictOf([client('none', 'millrace batches', rate), client('none', 'franz-go', 1_000)])
  expect(at(1_500)('consume none', 'franz-go')).toEqual(['1.50x', 'pass'])
  expect(at(1_490)('consume none', 'franz-go')).toEqual(['1.49x', 'FAIL'])
})

test('of several rivals the fastest counts, by name', () => {
  const find = verdictOf([
    client('lz4', 'millrace batches', 4_000),
    client('lz4', 'kafkajs eachBatch', 500),
    client('lz4', 'platformatic stream', 1_000),
  ])
  expect(find('consume lz4', 'best Node client')).toEqual(['4.00x platformatic stream', 'FAIL'])
})

test('CPU goals compare a record, not a run', () => {
  const find = verdictOf([client('none', 'millrace batches', 1_000, 0.4), client('none', 'franz-go', 1_000, 0.6)])
  expect(find('CPU a record, none', 'franz-go')).toEqual(['0.67x', 'pass'])
})

test('what was not measured passes nothing, and neither does a client that failed', () => {
  const failed: ConsumeResult = { ...client('none', 'franz-go', 1), runs: [], failed: 'no go on the PATH' }
  const find = verdictOf([client('none', 'millrace batches', 1_000), failed])
  expect(find('consume none', 'franz-go')).toEqual(['', 'not measured'])
  expect(find('consume zstd', 'franz-go')).toEqual(['', 'not measured'])
  expect(find('first record', '150 ms')).toEqual(['', 'not measured'])
  expect(find('handler with JSON.parse', 'on main')).toEqual(['', 'not measured'])
  expect(find('produce lz4, acks all', 'franz-go')).toEqual(['', 'not measured'])
})

test('the largest peak of all codecs is held against the limit', () => {
  const peaks = [150, 201, 160].map((peakRssMB) => ({
    codec: `c${peakRssMB}`,
    peakRssMB,
    recordsPerSecond: 1,
    runs: [],
  }))
  const row = goalRows({ setting, consume: [], memory: peaks }).find(({ what }) => what.startsWith('peak RSS'))
  expect([row?.measured, row?.verdict]).toEqual(['201 MB (c201)', 'FAIL'])
})

test('the report says that the machine was busy, and why a client has no figures', () => {
  const failed: ConsumeResult = { ...client('none', 'kcat', 1), runs: [], failed: 'no kcat on the PATH' }
  const results: Results = { setting: { ...setting, loadBefore: 4 }, consume: [failed], memory: [] }
  const text = markdown(results, goalRows(results))
  expect(text).toContain('The machine was busy')
  expect(text).toContain('| none | kcat | - | - | - | - | failed: no kcat on the PATH |')
  expect(markdown({ ...results, setting }, [])).not.toContain('busy')
})

/** One client with three runs around a rate. */
function client(codec: string, name: string, rate: number, cpuSeconds = 1): ConsumeResult {
  const runs = [rate * 0.5, rate, rate * 2].map((records) => ({
    ...{ records, seconds: 1, cpuSeconds: cpuSeconds * (records / rate), rssMiB: 100, touched: undefined },
  }))
  return { codec, client: name, note: '', runs }
}

function verdictOf(consume: ConsumeResult[]) {
  const rows = goalRows({ setting, consume, memory: [] }).filter(({ issue }) => issue !== 3)
  return (what: string, wanted: string) => {
    const row = rows.find((one) => one.what.startsWith(what) && one.wanted.includes(wanted))
    return [row?.measured, row?.verdict]
  }
}

test('producing is held against the faster of both Java producers, for each kind of acknowledgement', () => {
  const produce = [
    { ...client('none', 'millrace enqueue', 2_500), acks: 'all' as const },
    { ...client('none', 'Java ProducerPerformance 128 KB', 900), acks: 'all' as const },
    { ...client('none', 'Java ProducerPerformance 1 MB', 1_000), acks: 'all' as const },
    { ...client('none', 'franz-go', 9_000), acks: '1' as const },
  ]
  const rows = goalRows({ setting, consume: [], memory: [], produce }).filter(({ what }) =>
    what.startsWith('produce none'),
  )
  const find = (acks: string, wanted: string) =>
    rows.find((row) => row.what === `produce none, acks ${acks}, millrace enqueue` && row.wanted === wanted)
  expect(find('all', '>= 2.5x Java')).toMatchObject({
    measured: '2.50x Java ProducerPerformance 1 MB',
    verdict: 'pass',
  })
  expect(find('all', '>= 1.2x franz-go')).toMatchObject({ verdict: 'not measured' })
  expect(find('1', '>= 2.5x Java')).toMatchObject({ verdict: 'not measured' })
})

test('latency is held against Java, at each load', () => {
  const latency = [
    { client: 'millrace', load: 'idle', p50: 0.5, p99: 1.5, runs: [{ p50: 0.5, p99: 1.5 }] },
    { client: 'Java', load: 'idle', p50: 0.5, p99: 1.4, runs: [{ p50: 0.5, p99: 1.4 }] },
  ]
  const rows = goalRows({ setting, consume: [], memory: [], latency }).filter(({ what }) =>
    what.startsWith('end-to-end'),
  )
  expect(rows.map(({ verdict }) => verdict)).toEqual(['pass', 'FAIL', 'not measured', 'not measured'])
})
