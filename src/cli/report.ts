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

function latency({ latencyMs: { p50, p90, p99, max } }: ReadReport): string {
  if (p50 === undefined) return ''
  const cells = [
    ['p50', p50],
    ['p90', p90],
    ['p99', p99],
    ['max', max],
  ].map(([name, value]) => `${name} ${value === undefined ? '-' : short(value as number)} ms`)
  return `  ${paint('A batch, from the socket to your code', 'bold')}\n  ${cells.join('   ')}`
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
