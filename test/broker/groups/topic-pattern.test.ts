// Regular expressions in Kafka's syntax: what they match, what is refused, and that none takes long. [test process]
import { expect, test } from 'vitest'
import { seededRandom } from '../../../src/base/random.ts'
import { TopicPattern } from '../../../src/broker/groups/topic-pattern.ts'
import { seed } from '../../support/seed.ts'

function matches(expression: string, name: string): boolean {
  const pattern = TopicPattern.parse(expression)
  if (typeof pattern === 'string') throw new Error(pattern)
  return pattern.matches(name)
}

test.each([
  ['events', 'events', true],
  ['events', 'events2', false],
  ['ev', 'events', false],
  ['.*', '', true],
  ['ev.*s', 'events', true],
  ['(a|b)+c?', 'abba', true],
  ['(?:ab){2,3}', 'abab', true],
  ['(?:ab){2,3}', 'ab', false],
  ['a{2,}', 'aaaa', true],
  ['a{0}b', 'b', true],
  ['a{,2}', 'a{,2}', true],
  ['[a-c-]+', 'a-b', true],
  ['[]a]+', 'a]', true],
  ['[^a-c]+', 'xyz', true],
  ['[^a-c]+', 'xaz', false],
  ['(?i)EVENTS', 'events', true],
  ['x(?i:Y)z', 'xyz', true],
  ['x(?i:Y)Z', 'xyz', false],
  ['(?i)a(?-i)b', 'AB', false],
  ['(?i)[A-C]+', 'abc', true],
  ['(?P<name>a)(?<other>b)', 'ab', true],
  ['\\d+\\.\\w+', '12.a_b', true],
  ['\\D\\W', 'a-', true],
  ['[\\d.]+', '1.2', true],
  ['\\Qa.b\\E.', 'a.bc', true],
  ['\\Qa.b', 'a.b', true],
  ['\\pL+', 'abc', true],
  ['\\p{Lu}\\P{Lu}', 'Ab', true],
  ['\\p{^Lu}', 'a', true],
  ['\\p{Latin}', 'a', true],
  ['[[:alpha:]][[:^alpha:]]', 'a1', true],
  ['\\x61\\x{62}\\143', 'abc', true],
  ['^a$', 'a', true],
  ['\\Aa\\z', 'a', true],
  ['a^b', 'ab', false],
  ['a\\b-b', 'a-b', true],
  ['a\\Bb', 'ab', true],
  ['a*?b+?c??', 'aab', true],
  ['()*a', 'a', true],
  ['|a', '', true],
])('%s and "%s": %s', (expression, name, verdict) => {
  expect(matches(expression, name)).toBe(verdict)
})

test.each(
  ['(', ')', '[', '[z-a]', 'a**', 'a+*', '*', '+a', '?', '(?=a)', '(?!a)', '(?<=a)', '(?<!a)', '(?>a)', '\\1']
    .concat(['\\y', '\\', '\\Z', '\\x{110000}', '(?P<>a)', '(?P<n', '(?x)a', '\\p{Nope}', '[[:nope:]]', 'a{1001}'])
    .concat(['a{3,2}', '(?:a{1000}){1000}', '('.repeat(5000), '(?i', '[a-\\d]']),
)('%s is refused', (expression) => {
  expect(TopicPattern.parse(expression)).toContain('is not valid')
})

test('what JavaScript reads in the same way has the same matches', () => {
  const random = seededRandom(seed)
  const pick = (text: string[]) => text[Math.floor(random.next() * text.length)]!
  const make = (depth: number): string => {
    if (depth === 0) return pick(['a', 'b', 'c', '.', '[ab]', '[^a]', '\\d', '\\w', '1'])
    const parts = Array.from({ length: 1 + Math.floor(random.next() * 3) }, () => make(depth - 1))
    const joined = parts.join(pick(['', '', '|']))
    return `(?:${joined})${pick(['', '*', '+', '?', '{1,2}', '*?'])}`
  }
  let matched = 0
  for (let i = 0; i < 2000; i++) {
    const expression = make(2)
    const judge = new RegExp(`^(?:${expression})$`)
    for (let j = 0; j < 5; j++) {
      const name = Array.from({ length: Math.floor(random.next() * 6) }, () => pick(['a', 'b', 'c', '1', '-'])).join('')
      const verdict = judge.test(name)
      if (verdict) matched++
      expect(matches(expression, name), `seed ${seed}: ${expression} and "${name}"`).toBe(verdict)
    }
  }
  expect(matched).toBeGreaterThan(1000)
})

test('an expression that other machines take for ever on costs a bounded number of steps', () => {
  // 2 to the power of 249 ways for a machine that tries them one after the other.
  expect(matches('(a*)*b', 'a'.repeat(249))).toBe(false)
  expect(matches('(a|a|aa)+$b', 'a'.repeat(249))).toBe(false)
  expect(matches(`${'(?:a?)'.repeat(249)}${'a'.repeat(249)}`, 'a'.repeat(249))).toBe(true)
})
