// The examples of the documentation, as they stand there.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Broker } from '../../src/broker/index.ts'

const root = new URL('../../', import.meta.url)
const pages = ['README.md', ...readdirSync(new URL('docs', root)).map((name) => `docs/${name}`)]
  .filter((page) => page.endsWith('.md'))
  .map((page) => ({ page, examples: examplesOf(readFileSync(new URL(page, root), 'utf8')) }))
  .filter(({ examples }) => examples.length > 0)

/** Complete programs: the blocks that import something from millrace. */
function examplesOf(markdown: string): string[] {
  const blocks = [...markdown.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!)
  return blocks.filter((code) => /from 'millrace(\/broker)?'/.test(code))
}

describe('the examples of the documentation run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-examples-'))
  let broker: Broker

  beforeAll(async () => {
    broker = await Broker.start({ port: 0 })
    for (const topic of ['events', 'users', 'logs', 'orders']) await broker.createTopic(topic, { partitions: 3 })
    const events = Array.from({ length: 600 }, (_, i) => ({ value: { i, page: '/home' }, partition: i % 3 }))
    await broker.seed('events', events)
    await broker.seed('users', events)
    await broker.seed('logs', events)
    await broker.seed('orders', [{ key: 'a', value: { amount: 3 } }])
  })

  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true })
    await broker.close()
  })

  it('and there are some', () => {
    expect(pages.map(({ page }) => page)).toContain('docs/iterating.md')
  })

  for (const { page, examples } of pages) {
    for (const [i, code] of examples.entries()) {
      it(`${page}, number ${i + 1}`, async () => {
        const file = join(folder, `${page.replace(/\W/g, '-')}-${i}.ts`)
        writeFileSync(file, located(code, broker.address))
        const { status, output } = await run(file)
        expect(output, output).not.toMatch(/Error|Warning: Detected unsettled/)
        expect(status).toBe(0)
      })
    }
  }
})

/** The example with the package's source for the package, and the test's broker for the usual address. */
function located(code: string, address: string): string {
  const source = (path: string) => JSON.stringify(new URL(path, pathToFileURL(`${process.cwd()}/`)).href)
  return code
    .replaceAll("'millrace/broker'", source('src/broker/index.ts'))
    .replaceAll("'millrace'", source('src/index.ts'))
    .replaceAll('127.0.0.1:9092', address)
}

function run(file: string): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', file], { timeout: 30_000 })
    let output = ''
    child.stdout.on('data', (chunk) => (output += chunk))
    child.stderr.on('data', (chunk) => (output += chunk))
    child.on('close', (status) => resolve({ status, output }))
  })
}
