// Human output: columns, numbers and bars as a person reads them. [main thread]
import { styleText } from 'node:util'
import Table from 'cli-table3'

/** Rows under each other, columns aligned, without lines. `right` names the columns to align right. */
export function columns(rows: readonly (readonly string[])[], right: readonly number[] = []): string {
  const width = Math.max(0, ...rows.map((row) => row.length))
  const table = new Table({
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': 2, head: [], border: [] },
    colAligns: Array.from({ length: width }, (_, column) => (right.includes(column) ? 'right' : 'left')),
  })
  for (const row of rows) table.push([...row])
  return table
    .toString()
    .split('\n')
    .map((line) => `  ${line}`.trimEnd())
    .join('\n')
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
}

/** `1,234,567`. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Three digits that matter: `0.123`, `1.23`, `12.3`, `123`. */
export function short(value: number): string {
  if (value >= 100) return grouped(value)
  return value.toPrecision(3)
}

/** `205 MB`. */
export function byteWords(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${unit === 0 ? value : short(value)} ${units[unit]}`
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉']

/** A bar of `width` characters, `share` of it filled. */
export function bar(share: number, width: number): string {
  const filled = Math.min(1, Math.max(0, share)) * width
  const whole = Math.floor(filled)
  const part = EIGHTHS[Math.floor((filled - whole) * 8)]!
  const used = '█'.repeat(whole) + part
  return used + paint('░'.repeat(width - whole - (part === '' ? 0 : 1)), 'dim')
}

type Style = Parameters<typeof styleText>[0]

let colours: boolean | undefined

/** Colour where stdout is a terminal that wants it. */
export function paint(text: string, style: Style): string {
  colours ??= process.stdout.isTTY === true && process.stdout.hasColors()
  return colours && text !== '' ? styleText(style, text, { validateStream: false }) : text
}
