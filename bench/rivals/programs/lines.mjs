// The lines that writers write. [bench]
import { readFileSync } from 'node:fs'

/** The lines of the payload file, as buffers of their own. */
export function payloadLines() {
  return readFileSync(process.env.PAYLOAD, 'utf8')
    .split('\n')
    .map((line) => Buffer.from(line))
}

/** Runs `send(from, to)` for all records, `size` at a time, `inFlight` at once. */
export async function inParallel(records, size, inFlight, send) {
  let next = 0
  const lane = async () => {
    while (next < records) {
      const from = next
      next = Math.min(records, from + size)
      await send(from, next)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
}
