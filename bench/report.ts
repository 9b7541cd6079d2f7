// Figures as a table: the median of each client, and what it is as a multiple of the others. [bench]
import type { ConsumeResult } from './scenario/consume-json8.ts'

/** The middle one of some numbers. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

/** A Markdown table, one row a client and codec; the first client of a codec is the yardstick. */
export function consumeTable(results: ConsumeResult[]): string {
  const rows = results.map((result) => {
    const rate = rateOf(result)
    const yardstick = rateOf(results.find(({ codec }) => codec === result.codec)!)
    const rates = result.runs.map(({ records, seconds }) => records / seconds)
    const cpu = median(result.runs.map(({ cpuSeconds, records }) => (cpuSeconds * 1e6) / records))
    const rss = median(result.runs.map(({ rssMiB }) => rssMiB))
    return [
      result.codec,
      result.client,
      `${millions(rate)} (${millions(Math.min(...rates))}-${millions(Math.max(...rates))})`,
      `${(yardstick / rate).toFixed(2)}x`,
      cpu.toFixed(2),
      rss.toFixed(0),
      result.note,
    ]
  })
  const head = ['codec', 'client', 'M records/s (min-max)', 'millrace is', 'CPU us/record', 'peak RSS MiB', 'note']
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')
}

/** Median records a second. */
export function rateOf({ runs }: ConsumeResult): number {
  return median(runs.map(({ records, seconds }) => records / seconds))
}

const millions = (rate: number): string => (rate / 1e6).toFixed(2)
