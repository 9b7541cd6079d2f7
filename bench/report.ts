// Figures as Markdown: a table of medians, a table of goals. [bench]

import type { ContestResult } from './contest.ts'
import type { GoalRow } from './goal.ts'
import type { Results } from './results.ts'

/** The middle one of some numbers, the upper one of two; NaN of none. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Median records a second. */
export function rateOf({ runs }: Pick<ContestResult, 'runs'>): number {
  return median(runs.map(({ records, seconds }) => records / seconds))
}

/** Median CPU of the client's process, in microseconds a record, its start-up included. */
export function cpuOf({ runs }: Pick<ContestResult, 'runs'>): number {
  return median(runs.map(({ cpuSeconds, records }) => (cpuSeconds * 1e6) / records))
}

/** The whole report of a run. */
export function markdown(results: Results, goals: GoalRow[]): string {
  const { at, commit, cpu, cores, memoryGiB, loadBefore, records, runs, versions } = results.setting
  const load = loadBefore.toFixed(1)
  const parts = [
    `json8, ${records.toLocaleString('en')} records, 8 partitions; medians of ${runs} alternating runs.`,
    `${at}, ${commit}, ${cores} cores (${cpu}), ${memoryGiB} GiB, load ${load} when it started.`,
    Object.entries(versions)
      .map((entry) => entry.join(' '))
      .join(', '),
  ]
  if (loadBefore > cores / 2) parts.push('**The machine was busy: these figures say little.**')
  if (results.consume.length > 0) parts.push(contestTable(results.consume))
  if (results.parse !== undefined) parts.push('A handler that parses every value as JSON:', contestTable(results.parse))
  for (const acks of ['1', 'all'] as const) {
    const produced = results.produce?.filter((one) => one.acks === acks) ?? []
    if (produced.length > 0)
      parts.push(`Produce, acks ${acks}${acks === 'all' ? ', idempotent' : ''}:`, contestTable(produced))
  }
  const others = otherFigures(results)
  if (others.length > 0) parts.push(others.map((line) => `- ${line}`).join('\n'))
  const head = ['issue', 'what', 'wanted', 'measured', 'verdict']
  const rows = goals.map(({ issue, what, wanted, measured, verdict }) => [`${issue}`, what, wanted, measured, verdict])
  return [...parts, table(head, rows)].join('\n\n')
}

/** One row a client and codec; the first client of a codec is the yardstick. */
function contestTable(results: ContestResult[]): string {
  const rows = results.map((result) => {
    const { codec, client, runs, failed } = result
    const note = failed === undefined ? result.note : `failed: ${failed.split('\n')[0]!.slice(0, 120)}`
    if (runs.length === 0) return [codec, client, '-', '-', '-', '-', note]
    const rate = rateOf(result)
    const yardstick = rateOf(results.find((one) => one.codec === codec)!)
    const rates = runs.map(({ records, seconds }) => records / seconds)
    const rss = median(runs.map(({ rssMiB }) => rssMiB))
    const range = `${millions(Math.min(...rates))}-${millions(Math.max(...rates))}`
    const times = `${(yardstick / rate).toFixed(2)}x`
    return [codec, client, `${millions(rate)} (${range})`, times, cpuOf(result).toFixed(2), rss.toFixed(0), note]
  })
  const head = ['codec', 'client', 'M records/s (min-max)', 'millrace is', 'CPU us/record', 'peak RSS MiB', 'note']
  return table(head, rows)
}

function otherFigures({ memory, first, scale = [], idle, latency = [] }: Results): string[] {
  const lines = memory.map(
    ({ codec, peakRssMB, recordsPerSecond }) =>
      `default options, ${codec}: peak RSS ${peakRssMB.toFixed(0)} MB at ${millions(recordsPerSecond)} M records/s`,
  )
  if (first) {
    const range = `${Math.min(...first.runs).toFixed(0)}-${Math.max(...first.runs).toFixed(0)}`
    lines.push(`first record after new Kafka: ${first.medianMs.toFixed(0)} ms (${range})`)
  }
  for (const { partitions, cpuMicros, recordsPerSecond } of scale) {
    const rate = `${millions(recordsPerSecond)} M records/s`
    lines.push(`${partitions} partitions: ${cpuMicros.toFixed(3)} us of CPU a record without start-up, ${rate}`)
  }
  for (const { load, client, p50, p99 } of latency) {
    lines.push(`end-to-end latency, ${load}, ${client}: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms`)
  }
  if (idle) lines.push(`${idle.partitions} idle partitions: ${(idle.share * 100).toFixed(2)} % of a core`)
  return lines
}

function table(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

const millions = (rate: number): string => (rate / 1e6).toFixed(2)
