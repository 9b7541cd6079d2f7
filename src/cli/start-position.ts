// --from: where to start reading. [main thread]
import { UsageError } from './usage-error.ts'

/** Reads `earliest`, `latest`, an offset, `-N` for the last N of each partition, or `@` and a date. */
export function parseFrom(text: string): 'earliest' | 'latest' | number | Date {
  const word = text.trim().toLowerCase()
  if (word === 'earliest' || word === 'beginning') return 'earliest'
  if (word === 'latest' || word === 'end') return 'latest'
  if (/^-?\d+$/.test(word)) {
    const offset = Number(word)
    if (Number.isSafeInteger(offset)) return offset
  }
  if (word.startsWith('@')) {
    const date = parseDate(text.trim().slice(1))
    if (!Number.isNaN(date.getTime())) return date
  }
  const forms = 'earliest, latest, an offset, -N for the last N, or @ and a date such as @2026-01-31T12:00Z'
  throw new UsageError(`--from must be ${forms}, not '${text}'.`)
}

/** An ISO date, or milliseconds since the epoch. */
function parseDate(text: string): Date {
  return new Date(/^\d{11,}$/.test(text) ? Number(text) : text)
}
