// The report of `demo` and `bench` as a person reads it. [main thread]
import type { Latency } from '../index.ts'
import type { ReadReport } from './reading.ts'
import { bar, byteWords, columns, grouped, paint, short } from './table.ts'
import type { WriteReport } from './write-topic.ts'

/** The figures, then the latency of a batch, then how busy each thread was. */
export function describeReport(report: ReadReport): string {
  const first = `the first record after ${grouped(report.firstRecordMs)} ms, start of the threads included`
  const steps = READ_STEPS.map(
    ([step, what]) => [step === 'endToEnd' ? 'in all' : step, report.stepsMs[step], what] as const,
  )
  return parts(figures(report, 'keys and values', first), latency(steps), threads(report.busy, READ_ROLES))
}

/** The same for writing. */
export function describeWriting(report: WriteReport): string {
  const { bytes, sentBytes, batches, queueMs, latencyMs } = report
  const share = short((100 * sentBytes) / bytes)
  const left = `${byteWords(sentBytes)} in ${grouped(batches)} batches, ${share} % of the values`
  const steps = [
    ['queue', queueMs, 'from its first record to its request'],
    ['answer', latencyMs, 'from the request to the answer'],
  ] as const
  const all = figures(report, `values; sent as ${left}`, 'start of the threads included')
  return parts(all, latency(steps), threads(report.busy, WRITE_ROLES))
}

const parts = (...given: string[]) => given.filter((part) => part !== '').join('\n\n')

type Figures = Omit<ReadReport, 'firstRecordMs' | 'latencyMs' | 'stepsMs'>

function figures(report: Figures, ofWhat: string, timeNote: string): string {
  const { records, bytes, seconds, recordsPerSecond, megabytesPerSecond, cpuSeconds, rssMiB, busy } = report
  const perRecord = records === 0 ? 0 : (cpuSeconds * 1e6) / records
  return columns(
    [
      ['records', grouped(records), `${byteWords(bytes)} of ${ofWhat}`],
      ['seconds', short(seconds), timeNote],
      ['records/s', paint(grouped(recordsPerSecond), 'bold'), ''],
      ['MB/s', paint(short(megabytesPerSecond), 'bold'), ''],
      ['CPU seconds', short(cpuSeconds), `${short(perRecord)} µs a record, all threads of this process`],
      [
        'memory',
        `${grouped(rssMiB)} MiB`,
        `the most that the process held${'broker' in busy ? ', the broker included' : ''}`,
      ],
    ],
    [1],
  )
}

const READ_STEPS = [
  ['fetch', 'from the request to the first byte of the answer'],
  ['queue', 'between the threads'],
  ['decode', 'check, decompress, index'],
  ['process', 'your code'],
  ['commit', 'until the coordinator had it'],
  ['endToEnd', 'from the socket until your code was done'],
] as const

/** The steps of a batch, a line each; those that never happened are left out. */
function latency(steps: readonly (readonly [name: string, Latency, what: string])[]): string {
  const rows = steps.flatMap(([name, { p50, p90, p99, max }, what]) => {
    if (p50 === undefined) return []
    const cells = [p50, p90, p99, max].map((value) => `${short(value ?? 0)} ms`)
    return [[name, ...cells, what]]
  })
  if (rows.length === 0) return ''
  const head = ['', 'p50', 'p90', 'p99', 'max', '']
  return `  ${paint('How long a batch took', 'bold')}\n${columns([head, ...rows], [1, 2, 3, 4])}`
}

type Roles = readonly (readonly [RegExp, string])[]

const READ_ROLES: Roles = [
  [/broker/, 'serves the batches, as a broker elsewhere would'],
  [/^io/, 'reads the socket into shared memory'],
  [/^processor/, 'checks, decompresses, indexes, runs your code'],
  [/^worker/, 'checks, decompresses, indexes'],
  [/^main/, 'keeps the offsets'],
]

const WRITE_ROLES: Roles = [
  [/^main/, 'your code, and records into shared memory'],
  [/^worker/, 'compresses'],
  [/^io/, 'sends, in order'],
]

/** The path of a record, a thread a line, with a bar for the share of time that it was busy. */
function threads(busy: Record<string, number>, roles: Roles): string {
  const names = Object.keys(busy)
  if (names.length === 0) return ''
  const place = (name: string) => roles.findIndex(([pattern]) => pattern.test(name))
  const sorted = names.sort((a, b) => place(a) - place(b) || a.localeCompare(b))
  const rows = sorted.map((name) => {
    const share = busy[name]!
    return [name, bar(share, 24), `${Math.round(share * 100)} %`, roles[place(name)]?.[1] ?? '']
  })
  return `  ${paint('How busy each thread was', 'bold')}\n${columns(rows, [2])}`
}
