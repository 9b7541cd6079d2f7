// --from in all its forms. [test process]
import { expect, it } from 'vitest'
import { parseFrom } from '../../src/cli/start-position.ts'

it.each([
  ['earliest', 'earliest'],
  ['LATEST', 'latest'],
  ['0', 0],
  ['123', 123],
  ['-100', -100],
  ['@2026-01-31T12:00:00Z', new Date(Date.UTC(2026, 0, 31, 12))],
  ['@2026-01-31', new Date(Date.UTC(2026, 0, 31))],
  ['@1700000000123', new Date(1700000000123)],
])('%s', (text, from) => {
  expect(parseFrom(text)).toEqual(from)
})

it.each(['', 'yesterday', '@', '@soon', '1.5', '99999999999999999999', '-'])('refuses %j', (text) => {
  expect(() => parseFrom(text)).toThrow(/--from must be/)
})
