// Interceptors of a producer that are asynchronous, though nobody waits for them. [test process]
import { expect, test } from 'vitest'
import { world } from './producer-world.ts'

test('an interceptor that is asynchronous changes nothing, and what it rejects with is told', async () => {
  const troubles: string[] = []
  const late = async () => {
    throw new Error('late')
  }
  const interceptors = [
    { onSend: late as never, onAck: late as never },
    { onSend: (async (record: object) => ({ ...record, value: 'changed' })) as never },
    // biome-ignore lint/suspicious/noThenProperty: a promise of another library
    { onSend: (() => ({ then: (_: unknown, fail: (error: Error) => void) => fail(new Error('foreign')) })) as never },
  ]
  const w = world({ lingerMs: 1, interceptors })
  w.producer.on('error', ({ message }) => troubles.push(message))
  const sent = w.producer.send({ topic: 'other', value: 'mine' })
  await w.clock.advance(2)
  expect(await w.values(w.posted[0]!)).toEqual(['mine'])
  w.store()
  await sent
  await w.clock.advance(1)
  const text = 'onSend must give a record at once, not a promise of one'
  expect(troubles.sort()).toEqual([
    'onAck of an interceptor threw: late',
    'onSend of an interceptor threw: foreign',
    'onSend of an interceptor threw: late',
    `onSend of an interceptor threw: ${text}`,
  ])
})
