// Expressions for topics, as the broker reads them, or else as they are matched here. [test process]
import { expect, test } from 'vitest'
import { brokerPattern, checkTopics } from '../../src/client/group-topics.ts'

test('the broker matches whole names, so an expression is let float; flag i travels along', () => {
  expect(brokerPattern(/^events-/)).toBe('.*(?:^events-).*')
  expect(brokerPattern(/a|b$/i)).toBe('(?i).*(?:a|b$).*')
})

test.each([/(?=a)/, /(?!a)/, /(?<=a)b/, /(?<!a)b/, /(a)\1/, /(?<n>a)\k<n>/, /\u0041/, /\p{L}/u, /^a$/m])(
  '%s is one that only JavaScript can read',
  (pattern) => expect(brokerPattern(pattern)).toBeUndefined(),
)

test('names are taken once each; what is no name is refused', () => {
  expect(checkTopics(['b', 'a', 'b'])).toEqual(['b', 'a'])
  for (const wrong of ['', [], ['a', ''], [1], {}, null] as never[]) {
    expect(() => checkTopics(wrong)).toThrow(/is not a topic, a list of topics or a RegExp/)
  }
})
