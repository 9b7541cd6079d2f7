// The examples of the documentation, as they stand there.
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Broker } from '../../src/broker/index.ts'

const root = new URL('../../', import.meta.url)
const MODULE = /^\/\/ (\w+\.ts)\n/
const pages = ['README.md', ...readdirSync(new URL('docs', root)).map((name) => `docs/${name}`)]
  .filter((page) => page.endsWith('.md'))
  .map((page) => ({ page, text: readFileSync(new URL(page, root), 'utf8') }))
  .map(({ page, text }) => ({ page, examples: examplesOf(text), modules: modulesOf(text) }))
  .filter(({ examples }) => examples.length > 0)

/** Complete programs: the blocks that import something from millrace, and are no modules for others. */
function examplesOf(markdown: string): string[] {
  return blocksOf(markdown).filter((code) => /from 'millrace(\/broker)?'/.test(code) && !MODULE.test(code))
}

/** Modules that programs of the page use: the blocks that begin with their name. */
function modulesOf(markdown: string): { name: string; code: string }[] {
  return blocksOf(markdown).flatMap((code) => {
    const name = MODULE.exec(code)?.[1]
    return name === undefined ? [] : [{ name, code }]
  })
}

function blocksOf(markdown: string): string[] {
  return [...markdown.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, code]) => code!)
}

it('there are pages with examples', () => {
  expect(pages.map(({ page }) => page)).toContain('docs/iterating.md')
})

// A broker for each page: what the examples of one write and commit is nobody else's.
describe.each(pages)('the examples of $page run', ({ page, examples, modules }) => {
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

  it.each(examples.map((code, i) => [i + 1, code] as const))('number %i', async (number, code) => {
    const file = join(folder, `${page.replace(/\W/g, '-')}-${number}.ts`)
    for (const module of modules) writeFileSync(join(folder, module.name), located(module.code, broker.address))
    writeFileSync(file, located(code, broker.address))
    const { status, output } = await run(file)
    expect(output, output).not.toMatch(/Error|Warning: Detected unsettled/)
    expect(status).toBe(0)
  })
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
