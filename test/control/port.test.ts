// The line for commands between roles that share a thread. [test process]
import { expect, test } from 'vitest'
import { seededRandom } from '../../src/base/random.ts'
import { localPorts } from '../../src/control/port.ts'

test('on one thread messages come in order, whatever order a scheduler runs things in', () => {
  const posted: (() => void)[] = []
  const [left, right] = localPorts<number, string>((run) => posted.push(run))
  const got: (number | string)[] = []
  left.post(1)
  left.post(2)
  right.onMessage((message) => got.push(message))
  right.post('back')
  left.post(3)
  left.onMessage((message) => got.push(message))
  const random = seededRandom(1)
  while (posted.length > 0) posted.splice(Math.floor(random.next() * posted.length), 1)[0]!()
  expect(got.filter((message) => typeof message === 'number')).toEqual([1, 2, 3])
  expect(got).toContain('back')
})

test('what came before there was a handler is kept for it', () => {
  const [left, right] = localPorts<number, number>((run) => run())
  left.post(1)
  left.post(2)
  const got: number[] = []
  right.onMessage((message) => got.push(message))
  left.post(3)
  expect(got).toEqual([1, 2, 3])
})
