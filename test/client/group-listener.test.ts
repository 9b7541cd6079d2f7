// What is taken for a listener of rebalances: nothing in it is passed over without a word. [test process]
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Kafka } from '../../src/index.ts'

class Told {
  readonly seen: string[] = []
  onLost() {}
}
class Untold {
  assigned() {}
}

let kafka: Kafka
beforeEach(() => {
  kafka = new Kafka({ brokers: ['127.0.0.1:1'], threads: 'inline' })
})
afterEach(() => kafka.close())

const WRONG: [string, unknown, string][] = [
  ['a function', () => {}, 'onAssigned, onRevoked, onLost'],
  ['null', null, 'onAssigned, onRevoked, onLost'],
  ['a short name', { assigned() {} }, 'Did you mean onAssigned?'],
  ["Java's name", { onPartitionsRevoked() {} }, 'Did you mean onRevoked?'],
  ['one wrong name of two', { onAssigned() {}, lost() {} }, 'Did you mean onLost?'],
  ['a name of nothing', { onError() {} }, 'There are onAssigned, onRevoked and onLost.'],
  ['no function', { onLost: 'yes' }, 'onLost'],
  ['a class without any of them', new Untold(), 'There are onAssigned, onRevoked and onLost.'],
]

test.each(WRONG)('%s is refused, by subscribe and as an option', (_, listener, hint) => {
  const wrong = { code: 'INVALID_OPTION', message: expect.stringContaining(hint) }
  const rebalanceListener = listener as object
  expect(() => kafka.consumer({ groupId: 'g', rebalanceListener })).toThrow(expect.objectContaining(wrong))
  const consumer = kafka.consumer({ groupId: 'g' })
  expect(() => consumer.subscribe('t', rebalanceListener)).toThrow(expect.objectContaining(wrong))
  // Nothing was subscribed to.
  expect(consumer.subscription()).toEqual([])
})

test.each([
  ['all of them', { onAssigned() {}, onRevoked() {}, onLost() {} }],
  ['none', {}],
  ['an instance that has more', new Told()],
])('%s is taken', (_, rebalanceListener) => {
  kafka.consumer({ groupId: 'g', rebalanceListener }).subscribe('t', rebalanceListener)
})
