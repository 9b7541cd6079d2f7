// Opened, read and closed again and again: nothing stays. Short form of test/long/open-close-cycles. [test]
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'
import { modes } from '../support/reading.ts'

const program = fileURLToPath(new URL('../long/open-close-cycles.ts', import.meta.url))
/** One instance has more: were one kept, it would show. */
const BUFFER_BYTES = 4_000_000

it.each(modes)('20 cycles of open, read and close leave nothing behind: %s', { timeout: 90_000 }, async (mode) => {
  const args = ['--expose-gc', '--no-warnings', program, '20', mode]
  const { stdout } = await promisify(execFile)(process.execPath, args)
  const { before, after } = JSON.parse(stdout)
  expect({ threads: after.threads, handles: after.handles }).toEqual({
    threads: before.threads,
    handles: before.handles,
  })
  expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(BUFFER_BYTES)
})
