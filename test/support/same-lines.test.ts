// The judge itself: what differs is told, whatever the order. [test process]
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { lineDifferences } from './same-lines.ts'

const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

function file(name: string, text: string): string {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}

test('the same lines in another order are the same', async () => {
  expect(await lineDifferences(file('a', '1\n2\n3\n'), file('b', '3\n1\n2\n'))).toBeUndefined()
})

test('a missing, a doubled and a changed line are told', async () => {
  const theirs = file('theirs', '0 1 one\n0 2 two\n')
  expect(await lineDifferences(file('missing', '0 1 one\n'), theirs)).toContain('> 0 2 two')
  expect(await lineDifferences(file('doubled', '0 1 one\n0 2 two\n0 1 one\n'), theirs)).toContain('< 0 1 one')
  expect(await lineDifferences(file('changed', '0 1 one\n0 2 twO\n'), theirs)).toContain('< 0 2 twO')
})
