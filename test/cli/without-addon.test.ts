// A checkout in which the addon was never built, or was deleted: all works, and doctor says why it is slower.
// [test process]
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Broker } from '../../src/broker/index.ts'
import { codecNames } from '../../src/record/compression/codec.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const checkout = mkdtempSync(join(tmpdir(), 'millrace-bare-'))
let broker: Broker

beforeAll(async () => {
  for (const name of ['src', 'node_modules', 'package.json']) symlinkSync(join(root, name), join(checkout, name))
  broker = await Broker.start()
})
afterAll(async () => {
  await broker.close()
  rmSync(checkout, { recursive: true })
})

/** Paths as the links have them: there is no native/ beside this src/. */
async function run(...args: string[]): Promise<string> {
  const flags = ['--no-warnings', '--preserve-symlinks', '--preserve-symlinks-main']
  const main = join(checkout, 'src/cli/main.ts')
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, main, ...args])
  return stdout
}

it('doctor names the kernel and the reason', async () => {
  const { kernel } = JSON.parse(await run('doctor', '--json'))
  expect(kernel).toEqual({ name: 'typescript', why: expect.stringMatching(/no native kernel: .*build:native/) })
})

it.each(codecNames)('%s is read all the same', async (codec) => {
  const values = Array.from({ length: 500 }, (_, i) => `value ${i}`)
  await broker.seed(codec, values, { batchRecords: 100, codec })
  const printed = await run('consume', codec, '--brokers', broker.address, '--until', 'end')
  expect(printed).toBe(`${values.join('\n')}\n`)
})
