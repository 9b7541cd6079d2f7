// The report of `demo` and `bench` as a person reads it. [main thread]
import type { ReadReport } from './read-topic.ts'
import { bar, byteWords, columns, grouped, paint, short } from './table.ts'

/** The figures, then the latency of a batch, then how busy each thread was. */
export function describeReport(report: ReadReport): string {
  return [figures(report), latency(report), threads(report.busy)].filter((part) => part !== '').join('\n\n')
}

function figures(report: ReadReport): string {
  const { records, bytes, seconds, recordsPerSecond, megabytesPerSecond, firstRecordMs, cpuSeconds, rssMiB, busy } =
    report
  const perRecord = records === 0 ? 0 : (cpuSeconds * 1e6) / records
  return columns(
    [
      ['records', grouped(records), `${byteWords(bytes)} of keys and values`],
      ['seconds', short(seconds), `the first record after ${grouped(firstRecordMs)} ms, start of the threads included`],
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

const STEPS = [
  ['fetch', 'from the request to the first byte of the answer'],
  ['queue', 'between the threads'],
  ['decode', 'check, decompress, index'],
  ['process', 'your code'],
  ['commit', 'until the coordinator had it'],
  ['endToEnd', 'from the socket until your code was done'],
] as const

/** The steps of a batch, a line each; those that never happened are left out. */
function latency({ stepsMs }: ReadReport): string {
  const rows = STEPS.flatMap(([step, what]) => {
    const { p50, p90, p99, max } = stepsMs[step]
    if (p50 === undefined) return []
    const cells = [p50, p90, p99, max].map((value) => `${short(value ?? 0)} ms`)
    return [[step === 'endToEnd' ? 'in all' : step, ...cells, what]]
  })
  if (rows.length === 0) return ''
  const head = ['', 'p50', 'p90', 'p99', 'max', '']
  return `  ${paint('How long a batch took', 'bold')}\n${columns([head, ...rows], [1, 2, 3, 4])}`
}

const ROLES: readonly (readonly [RegExp, string])[] = [
  [/broker/, 'serves the batches, as a broker elsewhere would'],
  [/^io/, 'reads the socket into shared memory'],
  [/^worker/, 'checks, decompresses, indexes'],
  [/^main/, 'your code'],
]

/** The path of a record, a thread a line, with a bar for the share of time that it was busy. */
function threads(busy: Record<string, number>): string {
  const names = Object.keys(busy)
  if (names.length === 0) return ''
  const place = (name: string) => ROLES.findIndex(([pattern]) => pattern.test(name))
  const sorted = names.sort((a, b) => place(a) - place(b) || a.localeCompare(b))
  const rows = sorted.map((name) => {
    const share = busy[name]!
    return [name, bar(share, 24), `${Math.round(share * 100)} %`, ROLES[place(name)]?.[1] ?? '']
  })
  return `  ${paint('How busy each thread was', 'bold')}\n${columns(rows, [2])}`
}
