// docs/options.md follows the option table. [test process]
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { optionTable } from '../../src/client/option-table.ts'
import { optionsPage } from './options-docs.ts'

const file = new URL('../../docs/options.md', import.meta.url)

it('docs/options.md says what the option table says (UPDATE_DOCS=1 rewrites it)', () => {
  const page = optionsPage()
  if (process.env['UPDATE_DOCS'] === '1') writeFileSync(file, page)
  expect(readFileSync(file, 'utf8')).toBe(page)
})

it('every option is on the page, with a text', () => {
  const page = optionsPage()
  for (const { name } of optionTable.values()) {
    const row = page.split('\n').find((line) => line.startsWith(`| \`${name}\` `) && line.split(' | ').length >= 6)
    expect(row, name).toBeDefined()
    expect(row!.split(' | ').at(-1)!.length, name).toBeGreaterThan(10)
  }
})
