// The progress word: ages across the wrap of its 32 bits, and rests while nothing is owed. [test process]
import { expect, test } from 'vitest'
import { ProgressWord } from '../../src/ring/progress.ts'

test('progress ages from the last report on, seen by both threads, also across the wrap', () => {
  for (const start of [5, 2 ** 31 - 10, 2 ** 32 - 10, 1_795_000_000_000]) {
    const writer = new ProgressWord()
    const reader = new ProgressWord(writer.buffer)
    expect(reader.ageMs(start)).toBe(0)
    writer.made(start)
    expect(reader.ageMs(start + 300_000)).toBe(300_000)
    writer.idle()
    expect(reader.ageMs(start + 300_000)).toBe(0)
  }
})

test('a report at a multiple of 2^32 ms is a report all the same', () => {
  const word = new ProgressWord()
  word.made(2 ** 32)
  expect(word.ageMs(2 ** 32 + 50)).toBe(49)
})
