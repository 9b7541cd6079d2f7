// Callbacks of commits that nobody waits for: each once, in the order of the calls. [test process]
import { expect, test } from 'vitest'
import { MillraceError } from '../../src/base/errors.ts'
import { ToldCommits } from '../../src/delivery/told-commits.ts'

test('callbacks come in the order of the calls, whichever commit ends first; one may throw', async () => {
  const told = new ToldCommits()
  const heard: unknown[] = []
  const hear = (name: string) => (error: MillraceError | undefined) => void heard.push([name, error?.code])
  let stored = () => {}
  const slow = new Promise<void>((resolve) => {
    stored = resolve
  })
  const refused = () => Promise.reject(new MillraceError('REFUSED', 'refused at once'))
  const calls = [
    told.tell(slow, hear('slow')),
    told.tell(refused(), () => {
      heard.push('throws')
      throw new Error('the callback’s own')
    }),
    told.tell(refused(), hear('refused')),
  ]
  await expect(told.tell(refused(), undefined)).rejects.toMatchObject({ code: 'REFUSED' })
  expect(heard).toEqual([])
  stored()
  const outcomes = await Promise.allSettled(calls)
  expect(heard).toEqual([['slow', undefined], 'throws', ['refused', 'REFUSED']])
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
})
